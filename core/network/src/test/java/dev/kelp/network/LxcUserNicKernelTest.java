// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Processes;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.Rtnetlink.VethEnd;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.dhcp.DhcpClient;
import dev.kelp.rootless.SpawnRequest;
import dev.kelp.rootless.SpawnedProcess;
import dev.kelp.rootless.testing.TestHolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The setuid program's work is this test's: a veth pair to a namespace that stands for the host. The DHCP server is a
/// real dnsmasq.
@Timeout(60)
class LxcUserNicKernelTest {
    private static final Path PROGRAM = Path.of("/usr/libexec/lxc/lxc-user-nic");

    private TestHolder holder;
    private DetachedNamespace host;
    private DetachedNamespace inside;
    private SpawnedProcess server;

    @BeforeEach
    void open() throws IOException {
        assumeFalse("none".equals(System.getenv("KELP_TEST_NAMESPACE")), "no user namespaces here");
        assumeTrue(HostPrograms.find("dnsmasq").isPresent(), "dnsmasq is not installed");
        holder = new TestHolder();
        host = DetachedNamespace.createPlain();
        inside = DetachedNamespace.createPlain();
    }

    @AfterEach
    void close() throws IOException {
        if (server != null) {
            Processes.sendSignal(server.pidfd(), Processes.SIGKILL);
            server.waitStatus().join();
            server.pidfd().close();
        }
        if (holder != null) {
            inside.close();
            host.close();
            holder.close();
        }
    }

    private void plug(List<String> argv) {
        try (Fd there = inside.fd().duplicate()) {
            Rtnetlink links = host.links();
            links.addVeth(new VethEnd("outer", null), new VethEnd(argv.getLast(), null), there, 1500);
            int outer = links.index("outer");
            links.addAddress(new Address(outer, Subnet.parseAddress("10.0.3.1"), 24));
            links.setUp(outer);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        List<String> words = List.of(
                HostPrograms.find("nsenter").orElseThrow().toString(),
                "--net=" + host.path(),
                HostPrograms.find("dnsmasq").orElseThrow().toString(),
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--user=root",
                "--pid-file",
                "--port=0",
                "--interface=outer",
                "--leasefile-ro",
                "--dhcp-range=10.0.3.50,10.0.3.50,2m");
        server = holder.holder()
                .spawn(SpawnRequest.of("dnsmasq", words, HostPrograms.ENVIRONMENT, Map.of())
                        .dyingWithDaemon());
    }

    @Test
    void anInterfaceGetsWhatTheBridgesServerGives() throws IOException {
        var said = new AtomicReference<List<String>>();
        var wish = new LxcUserNic.Wish(PROGRAM, "lxcbr0", "eth0", 1400);
        try (LxcUserNic nic = LxcUserNic.connect(inside, wish, argv -> {
            said.set(argv);
            plug(argv);
        })) {
            assertThat(said.get()).startsWith(PROGRAM.toString(), "create").endsWith("veth", "lxcbr0", "eth0");
            assertThat(nic.lease().address().getHostAddress()).isEqualTo("10.0.3.50");
            assertThat(nic.lease().seconds()).isEqualTo(120);
            Rtnetlink links = inside.links();
            assertThat(links.find("eth0").orElseThrow().mtu()).isEqualTo(1400);
            assertThat(links.addresses())
                    .contains(new Address(links.index("eth0"), Subnet.parseAddress("10.0.3.50"), 24));
            assertThat(links.linkTo(Subnet.parseAddress("192.0.2.1"))).isEqualTo(links.index("eth0"));
            byte[] mac = HexFormat.ofDelimiter(":")
                    .parseHex(links.find("eth0").orElseThrow().mac());
            var client = new DhcpClient(inside.fd(), mac);
            assertThat(client.renew(nic.lease()).address())
                    .isEqualTo(nic.lease().address());
        }
    }

    @Test
    void aLaterDaemonTakesTheInterfaceUp() throws IOException {
        var wish = new LxcUserNic.Wish(PROGRAM, "lxcbr0", "eth0", 0);
        assertThat(LxcUserNic.find(inside, "eth0")).isEmpty();
        LxcUserNic.connect(inside, wish, this::plug).close();
        var before = inside.links().addresses();
        try (LxcUserNic found = LxcUserNic.find(inside, "eth0").orElseThrow()) {
            // it asks for the lease again with the address and the route that are there
            byte[] mac = HexFormat.ofDelimiter(":")
                    .parseHex(inside.links().find("eth0").orElseThrow().mac());
            assertThat(new DhcpClient(inside.fd(), mac).acquire().address().getHostAddress())
                    .isEqualTo("10.0.3.50");
            assertThat(found).isNotNull();
            assertThat(inside.links().addresses()).isEqualTo(before);
        }
    }

    @Test
    void whatTheProgramSaysIsTold() {
        var wish = new LxcUserNic.Wish(PROGRAM, "lxcbr0", "eth0", 0);
        assertThatThrownBy(() -> LxcUserNic.connect(inside, wish, argv -> {
                    throw KelpException.invalid("lxc-user-nic: quota reached");
                }))
                .hasMessageContaining("quota reached");
        assertThatThrownBy(() -> LxcUserNic.connect(inside, wish, argv -> {}))
                .hasMessageContaining("made no interface eth0");
    }
}
