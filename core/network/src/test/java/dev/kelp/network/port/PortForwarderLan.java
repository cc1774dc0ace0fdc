// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.Rtnetlink.VethEnd;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.AddressPool;
import dev.kelp.network.Bridges;
import dev.kelp.network.Bridges.Endpoint;
import dev.kelp.network.ContainerNamespace;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.network.Firewall;
import dev.kelp.network.HostPrograms;
import dev.kelp.network.port.PortForwarder.Target;
import dev.kelp.rootless.testing.TestHolder;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/// A LAN of two machines, one of which has a container: `lan` ── `host` (ports are published here) and the detached
/// namespace with a container on a bridge, all real namespaces.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class PortForwarderLan {
    static final String CONTAINER = "10.4.0.2";
    static final String CONTAINER_V6 = "fd00:4::2";
    static final int PORT = 8000;
    static final int PORT_V4_ALONE = 8001;

    private final List<AutoCloseable> opened = new ArrayList<>();
    final ExecutorService threads = Executors.newCachedThreadPool();
    Fd lan;
    Fd host;
    Fd container;
    DetachedNamespace detached;
    PortForwarder forwarder;
    private int names;

    @BeforeAll
    void buildTheLan() throws IOException {
        assumeFalse("none".equals(System.getenv("KELP_TEST_NAMESPACE")), "no user namespaces here");
        lan = keep(ContainerNamespace.create()).fd();
        host = keep(ContainerNamespace.create()).fd();
        try (Rtnetlink here = NetworkNamespaces.inside(host, Rtnetlink::open);
                Rtnetlink there = NetworkNamespaces.inside(lan, Rtnetlink::open)) {
            here.addVeth(new VethEnd("eth0", null), new VethEnd("eth0", null), lan, 1500);
            address(here, "192.0.2.1", 24);
            address(here, "2001:db8::1", 64);
            address(here, "192.0.2.9", 24);
            address(here, "2001:db8::9", 64);
            address(there, "192.0.2.2", 24);
            address(there, "2001:db8::2", 64);
        }
        detached = keep(DetachedNamespace.create());
        NetworkDefinition network = new NetworkDefinition(
                "0".repeat(64),
                "one",
                "bridge",
                List.of(AddressPool.of(Subnet.parse("10.4.0.0/24")), AddressPool.of(Subnet.parse("fd00:4::/64"))),
                false,
                1500,
                "kelp0",
                Map.of(),
                Map.of(),
                0);
        Bridges bridges = new Bridges(detached);
        bridges.ensure(network);
        TestHolder holder = keep(new TestHolder());
        new Firewall(detached, new HostPrograms(holder.holder())).apply(List.of(network));
        ContainerNamespace made = keep(ContainerNamespace.create());
        container = made.fd();
        bridges.connect(
                network, made, new Endpoint("v1", "eth0", List.of(ip(CONTAINER), ip(CONTAINER_V6)), null, true));
        forwarder = keep(new PortForwarder(detached));
        serveWhoAmI();
    }

    private static void address(Rtnetlink links, String address, int prefix) throws IOException {
        int link = links.index("eth0");
        links.setUp(link);
        links.addAddress(new Address(link, ip(address), prefix));
    }

    /// The container's services tell each client the address they see it under.
    private void serveWhoAmI() throws IOException {
        serveWhoAmI(new InetSocketAddress(ip(CONTAINER), PORT));
        serveWhoAmI(new InetSocketAddress(ip(CONTAINER_V6), PORT));
        serveWhoAmI(new InetSocketAddress(ip(CONTAINER), PORT_V4_ALONE));
    }

    private void serveWhoAmI(InetSocketAddress at) throws IOException {
        ServerSocket tcp =
                keep(NetworkNamespaces.inside(container, () -> new ServerSocket(at.getPort(), 50, at.getAddress())));
        background(() -> {
            while (true) {
                try (Socket client = tcp.accept()) {
                    client.getOutputStream()
                            .write(client.getInetAddress().getHostAddress().getBytes(UTF_8));
                }
            }
        });
        DatagramSocket udp = keep(NetworkNamespaces.inside(container, () -> new DatagramSocket(at)));
        background(() -> {
            while (true) {
                DatagramPacket p = new DatagramPacket(new byte[64], 64);
                udp.receive(p);
                byte[] seen = p.getAddress().getHostAddress().getBytes(UTF_8);
                udp.send(new DatagramPacket(seen, seen.length, p.getSocketAddress()));
            }
        });
    }

    @AfterAll
    void close() throws Exception {
        for (AutoCloseable c : opened.reversed()) {
            c.close();
        }
        threads.shutdownNow();
    }

    final class Published implements AutoCloseable {
        private final String name = "p" + names++;
        private final Listeners.Opened listeners;

        Published(PortMapping mapping, String target) throws IOException {
            listeners = NetworkNamespaces.inside(host, () -> Listeners.open(mapping));
            List<InetAddress> addresses =
                    Arrays.stream(target.split(" ")).map(PortForwarderLan::ip).toList();
            forwarder.forward(name, listeners.listeners(), new Target(addresses, mapping.containerPort(), true));
        }

        int port() {
            return listeners.mapping().hostPort();
        }

        @Override
        public void close() {
            forwarder.withdraw(name);
            listeners.close();
        }
    }

    Published publish(PortMapping mapping, String target) throws IOException {
        return new Published(mapping, target);
    }

    Socket connect(Fd from, InetSocketAddress to) throws IOException {
        return NetworkNamespaces.inside(from, () -> {
            Socket socket = new Socket();
            socket.connect(to, 5000);
            socket.setSoTimeout(20_000);
            return socket;
        });
    }

    String askTcp(Fd from, InetSocketAddress to) throws IOException {
        try (Socket socket = connect(from, to);
                InputStream in = socket.getInputStream()) {
            return new String(in.readAllBytes(), UTF_8);
        }
    }

    String askUdp(Fd from, InetSocketAddress to) throws IOException {
        try (DatagramSocket socket = NetworkNamespaces.inside(from, () -> new DatagramSocket())) {
            socket.setSoTimeout(5000);
            socket.send(new DatagramPacket(new byte[] {'?'}, 1, to));
            DatagramPacket answer = new DatagramPacket(new byte[64], 64);
            socket.receive(answer);
            return new String(answer.getData(), 0, answer.getLength(), UTF_8);
        }
    }

    void background(Callable<Void> work) {
        threads.submit(() -> {
            try {
                return work.call();
            } catch (IOException e) {
                // its socket was closed at the end
                return null;
            }
        });
    }

    <T extends AutoCloseable> T keep(T closeable) {
        opened.add(closeable);
        return closeable;
    }

    static InetAddress ip(String text) {
        return Subnet.parseAddress(text);
    }
}
