// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Processes;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.Bridges.Endpoint;
import dev.kelp.rootless.testing.TestHolder;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Real namespaces, bridges, nftables rules and drivers.
class NetworkKernelTest {
    private static final int CONNECT_MILLIS_MAX = 2000;

    private final List<AutoCloseable> opened = new ArrayList<>();
    private TestHolder holder;
    private HostPrograms programs;
    private DetachedNamespace detached;

    @BeforeEach
    void open() throws IOException {
        assumeFalse("none".equals(System.getenv("KELP_TEST_NAMESPACE")), "no user namespaces here");
        holder = keep(new TestHolder());
        programs = new HostPrograms(holder.holder());
        detached = keep(DetachedNamespace.create());
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable c : opened.reversed()) {
            c.close();
        }
    }

    @Test
    void neighboursReachEachOtherAndTheirGateway() throws IOException {
        NetworkDefinition network = network("one", "10.4.0.0/24", false);
        Bridges bridges = new Bridges(detached);
        bridges.ensure(network);
        bridges.ensure(network);
        Fd a = container(bridges, network, "10.4.0.2");
        Fd b = container(bridges, network, "10.4.0.3");
        assertThat(reaches(a, server(b, "10.4.0.3"))).isTrue();
        assertThat(reaches(a, server(detached.fd(), "10.4.0.1"))).isTrue();
    }

    /// Containers remember it for half a minute and longer.
    @ParameterizedTest
    @CsvSource({"10.4.0.0/24, 10.4.0.", "fd00:4::/64, fd00:4::"})
    void theGatewayKeepsItsHardwareAddressWhenContainersComeAndGo(String subnet, String prefix) throws IOException {
        NetworkDefinition network = network("one", subnet, false);
        Bridges bridges = new Bridges(detached);
        bridges.ensure(network);
        String mac = detached.links().find(network.bridge()).orElseThrow().mac();
        for (int i = 2; i < 6; i++) {
            container(bridges, network, prefix + i);
            assertThat(detached.links().find(network.bridge()).orElseThrow().mac())
                    .isEqualTo(mac);
        }
        bridges.disconnect("v" + prefix.replaceAll("[.:]", "") + 5);
        assertThat(detached.links().find(network.bridge()).orElseThrow().mac()).isEqualTo(mac);
    }

    @Test
    void networksAreApartAndAnInternalOneIsAlone() throws IOException {
        NetworkDefinition one = network("one", "10.4.0.0/24", false);
        NetworkDefinition two = network("two", "10.4.1.0/24", false);
        NetworkDefinition inner = network("inner", "10.4.2.0/24", true);
        Bridges bridges = new Bridges(detached);
        List.of(one, two, inner).forEach(bridges::ensure);
        Fd a = container(bridges, one, "10.4.0.2");
        InetSocketAddress b = server(container(bridges, two, "10.4.1.2"), "10.4.1.2");
        InetSocketAddress c = server(container(bridges, inner, "10.4.2.2"), "10.4.2.2");
        // without rules the namespace forwards between its bridges: the test can fail
        assertThat(reaches(a, b)).isTrue();
        assumeTrue(HostPrograms.find("nft").isPresent(), "nft is not installed");
        new Firewall(detached, programs).apply(List.of(one, two, inner));
        assertThat(reaches(a, b)).isFalse();
        assertThat(reaches(a, c)).isFalse();
        Fd neighbour = container(bridges, two, "10.4.1.3");
        assertThat(reaches(neighbour, b)).isTrue();
        new Firewall(detached, programs).apply(List.of(two));
        assertThat(reaches(neighbour, b)).isTrue();
    }

    /// Whoever may change a container's routes can send to the gateway what is meant for a neighbour.
    @ParameterizedTest
    @CsvSource({"10.4.0.2, 10.4.0.3, 10.4.0.1", "fd00:4::2, fd00:4::3, fd00:4::1"})
    void neighboursThatAreApartAreNotReachedByTheGateway(String own, String neighbour, String gateway)
            throws IOException {
        assumeTrue(HostPrograms.find("nft").isPresent(), "nft is not installed");
        NetworkDefinition network = apart();
        Bridges bridges = new Bridges(detached);
        bridges.ensure(network);
        Fd a = container(bridges, network, "10.4.0.2", "fd00:4::2");
        Fd b = container(bridges, network, "10.4.0.3", "fd00:4::3");
        try (Rtnetlink routes = NetworkNamespaces.inside(a, Rtnetlink::open);
                DatagramSocket there =
                        NetworkNamespaces.inside(b, () -> new DatagramSocket(new InetSocketAddress(ip(neighbour), 0)));
                DatagramSocket here =
                        NetworkNamespaces.inside(a, () -> new DatagramSocket(new InetSocketAddress(ip(own), 0)));
                DatagramSocket between = NetworkNamespaces.inside(
                        detached.fd(), () -> new DatagramSocket(new InetSocketAddress(ip(gateway), 0)))) {
            there.setSoTimeout(5000);
            ignoreRedirects(a);
            routes.addRoute(new Rtnetlink.Route(
                    ip(neighbour), 8 * ip(neighbour).getAddress().length, ip(gateway), routes.index("eth0"), 0));
            // without rules it is led there: the test can fail
            send(here, "around", there);
            assertThat(receive(there)).isEqualTo("around");
            new Firewall(detached, programs).apply(List.of(network));
            send(here, "around", there);
            send(between, "gateway", there);
            assertThat(receive(there)).isEqualTo("gateway");
            new Firewall(detached, programs).apply(List.of(network("one", "10.4.0.0/24", false)));
            send(here, "around", there);
            assertThat(receive(there)).isEqualTo("around");
        }
    }

    private static NetworkDefinition apart() {
        return new NetworkDefinition(
                "0".repeat(64),
                "one",
                "bridge",
                List.of(AddressPool.of(Subnet.parse("10.4.0.0/24")), AddressPool.of(Subnet.parse("fd00:4::/64"))),
                false,
                NetworkDefinition.MTU_DEFAULT,
                "br-one",
                Map.of(),
                Map.of(NetworkDefinition.INTER_CONTAINER, "false"),
                0);
    }

    /// The gateway's word that there is a shorter way, which there is not: it would end the detour.
    private static void ignoreRedirects(Fd container) throws IOException {
        NetworkNamespaces.inside(container, () -> {
            for (String file : List.of("ipv4/conf/all", "ipv4/conf/eth0", "ipv6/conf/eth0")) {
                Files.writeString(Path.of("/proc/sys/net", file, "accept_redirects"), "0");
            }
            return true;
        });
    }

    private static void send(DatagramSocket from, String text, DatagramSocket to) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        from.send(new DatagramPacket(bytes, bytes.length, to.getLocalSocketAddress()));
    }

    private static String receive(DatagramSocket at) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[64], 64);
        at.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.US_ASCII);
    }

    @Test
    void anEndThatCannotBeConnectedLeavesNothing() throws IOException {
        NetworkDefinition network = network("one", "10.4.0.0/24", false);
        Bridges bridges = new Bridges(detached);
        bridges.ensure(network);
        ContainerNamespace container = keep(ContainerNamespace.create());
        Endpoint endpoint = new Endpoint("v1", "eth0", List.of(ip("10.4.0.2")), null, true);
        bridges.connect(network, container, endpoint);
        assertThatThrownBy(() -> bridges.connect(
                        network, container, new Endpoint("v2", "eth0", List.of(ip("10.4.0.3")), null, false)))
                .hasMessageContaining("connect a container with network one");
        assertThat(detached.links().find("v2")).isEmpty();
        bridges.disconnect("v1");
        bridges.disconnect("v1");
        assertThat(detached.links().find("v1")).isEmpty();
        bridges.remove(network.bridge());
        bridges.remove(network.bridge());
        assertThat(detached.links().find(network.bridge())).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"slirp4netns", "pasta", "gvisor-tap-vsock"})
    void aDriverIsTheWayOut(String name) throws Exception {
        OutboundDriver driver = Outbound.driver(programs, Optional.of(name));
        assumeTrue(driver.isInstalled(), name + " is not installed");
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "/dev/net/tun cannot be opened");
        assumeTrue(HostPrograms.find("nft").isPresent(), "nft is not installed");
        assumeTrue(!name.equals("pasta") || hasDefaultRoute(), "pasta copies a default route, and there is none");
        NetworkDefinition network = network("one", "10.4.0.0/24", false);
        Bridges bridges = new Bridges(detached);
        bridges.ensure(network);
        new Firewall(detached, programs).apply(List.of(network));
        Fd container = container(bridges, network, "10.4.0.2");
        OutboundDriver.Running running =
                keepDriver(driver.start(detached, new OutboundDriver.Options(0, false, true, Optional.empty(), true)));
        try (ServerSocket host = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetAddress gateway = switch (name) {
                case "pasta" -> defaultGateway();
                case "gvisor-tap-vsock" -> ip("192.168.127.254");
                default -> running.gateway();
            };
            assertThat(reaches(container, new InetSocketAddress(gateway, host.getLocalPort())))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"slirp4netns", "gvisor-tap-vsock"})
    void theHostsLoopbackIsClosedUnlessAskedFor(String name) throws Exception {
        OutboundDriver driver = Outbound.driver(programs, Optional.of(name));
        assumeTrue(driver.isInstalled(), name + " is not installed");
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "/dev/net/tun cannot be opened");
        OutboundDriver.Running running = keepDriver(driver.start(detached, OutboundDriver.Options.DEFAULT));
        try (ServerSocket host = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetAddress theHost = name.equals("slirp4netns") ? running.gateway() : ip("192.168.127.254");
            assertThat(reaches(detached.fd(), new InetSocketAddress(theHost, host.getLocalPort())))
                    .isFalse();
            // gvproxy would open ports of the host for whoever asks it there
            assertThat(reaches(detached.fd(), new InetSocketAddress(running.gateway(), 80)))
                    .isFalse();
        }
    }

    @Test
    void aDriverThatFailsIsQuoted(@TempDir Path dir) throws IOException {
        Path program = dir.resolve("vpnkit");
        Files.writeString(program, "#!/bin/sh\necho \"$@\" >&2\nexit 3\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        OutboundDriver driver = Outbound.driver(programs, Optional.of("vpnkit"));
        var special =
                new OutboundDriver.Special(Optional.of(program), OutboundDriver.DEVICE, false, Optional.empty(), false);
        assertThatThrownBy(() -> driver.start(
                        detached, new OutboundDriver.Options(0, false, false, Optional.empty(), false, special)))
                .hasMessageMatching("start .*/vpnkit: --ethernet .*/ethernet.sock --mtu 1500 --host-ip 0.0.0.0");
    }

    @Test
    void aDriverThatDiesIsStartedAgainAndOneThatLivesIsTakenUp() throws Exception {
        OutboundDriver driver = Outbound.driver(programs, Optional.of("slirp4netns"));
        assumeTrue(driver.isInstalled(), "slirp4netns is not installed");
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "/dev/net/tun cannot be opened");
        try (var threads = Executors.newCachedThreadPool()) {
            var choice = new Outbound.Choice(driver, OutboundDriver.Options.DEFAULT);
            Outbound first = new Outbound(detached, programs, choice, threads);
            first.ensure();
            int index = detached.links().index(OutboundDriver.DEVICE);
            first.close();
            // the next daemon's
            Outbound second = keep(new Outbound(detached, programs, choice, threads));
            second.ensure();
            assertThat(detached.links().index(OutboundDriver.DEVICE)).isEqualTo(index);
            int pid = driverPid();
            Processes.kill(pid, Processes.SIGKILL);
            while (detached.links()
                    .find(OutboundDriver.DEVICE)
                    .filter(l -> l.index() != index)
                    .isEmpty()) {
                Thread.onSpinWait();
                Thread.sleep(5);
            }
            second.close();
            Processes.kill(driverPid(), Processes.SIGKILL);
        }
    }

    @Test
    void whatIsNotInstalledIsNamed() {
        assertThatThrownBy(() -> Outbound.driver(programs, Optional.of("wormhole")))
                .hasMessageContaining("unknown network driver `wormhole`");
        assertThatThrownBy(() -> Outbound.driver(programs, Optional.of("vpnkit"))
                        .start(detached, OutboundDriver.Options.DEFAULT))
                .hasMessage("vpnkit is not installed");
        assertThatThrownBy(() -> HostPrograms.require("no-such-program", "some-package"))
                .hasMessageContaining("no-such-program is not installed");
    }

    /// The slirp4netns that was given this test's namespace.
    private int driverPid() throws IOException {
        Path mark = Files.readSymbolicLink(Path.of(detached.fd().procPath()));
        try (var all = Files.list(Path.of("/proc"))) {
            for (Path p :
                    all.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
                try {
                    String words = Files.readString(p.resolve("cmdline"));
                    if (words.contains("slirp4netns")
                            && Files.readSymbolicLink(p.resolve("fd/9")).equals(mark)) {
                        return Integer.parseInt(p.getFileName().toString());
                    }
                } catch (IOException e) {
                    // it is gone
                }
            }
        }
        throw new IllegalStateException("no slirp4netns for " + mark);
    }

    private OutboundDriver.Running keepDriver(OutboundDriver.Running running) {
        keep(() -> {
            Processes.sendSignal(running.process().pidfd(), Processes.SIGKILL);
            running.process().waitStatus().join();
            running.process().pidfd().close();
        });
        return running;
    }

    private Fd container(Bridges bridges, NetworkDefinition network, String... addresses) {
        ContainerNamespace namespace = keep(ContainerNamespace.create());
        String outside = "v" + addresses[0].replaceAll("[.:]", "");
        List<InetAddress> all = Stream.of(addresses).map(NetworkKernelTest::ip).toList();
        bridges.connect(network, namespace, new Endpoint(outside, "eth0", all, null, true));
        return namespace.fd();
    }

    private InetSocketAddress server(Fd namespace, String address) throws IOException {
        ServerSocket server = NetworkNamespaces.inside(namespace, () -> new ServerSocket(0, 16, ip(address)));
        keep(server);
        return new InetSocketAddress(ip(address), server.getLocalPort());
    }

    private static boolean reaches(Fd from, InetSocketAddress target) throws IOException {
        return NetworkNamespaces.inside(from, () -> {
            try (Socket socket = new Socket()) {
                socket.connect(target, CONNECT_MILLIS_MAX);
                return true;
            } catch (IOException e) {
                return false;
            }
        });
    }

    private static boolean hasDefaultRoute() throws IOException {
        return Files.readString(Path.of("/proc/net/route")).lines().anyMatch(l -> l.split("\t")[1].equals("00000000"));
    }

    private static InetAddress defaultGateway() throws IOException {
        String hex = Files.readString(Path.of("/proc/net/route"))
                .lines()
                .map(l -> l.split("\t"))
                .filter(w -> w[1].equals("00000000"))
                .findFirst()
                .orElseThrow()[2];
        byte[] bytes = new byte[4];
        for (int i = 0; i < 4; i++) {
            bytes[i] = (byte) Integer.parseInt(hex.substring(6 - 2 * i, 8 - 2 * i), 16);
        }
        return InetAddress.getByAddress(bytes);
    }

    private static NetworkDefinition network(String name, String subnet, boolean internal) {
        return new NetworkDefinition(
                "0".repeat(64),
                name,
                "bridge",
                List.of(AddressPool.of(Subnet.parse(subnet))),
                internal,
                NetworkDefinition.MTU_DEFAULT,
                "br-" + name,
                Map.of(),
                Map.of(),
                0);
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        opened.add(closeable);
        return closeable;
    }

    private static InetAddress ip(String text) {
        return Subnet.parseAddress(text);
    }
}
