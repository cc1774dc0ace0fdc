// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.PortMapping;
import dev.kelp.network.port.PortForwarder.Target;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PortForwarderKernelTest extends PortForwarderLan {
    /// From the LAN the client's address arrives; from the host's loopback the gateway's does.
    @ParameterizedTest(name = "{0} to {1} published on {2}, into {3}: {4}")
    @CsvSource(delimiter = '|', textBlock = """
            tcp | lan  192.0.2.1   | ''          | 10.4.0.2  | 192.0.2.2
            tcp | lan  192.0.2.1   | 192.0.2.1   | 10.4.0.2  | 192.0.2.2
            tcp | lan  2001:db8::1 | ''          | fd00:4::2 | 2001:db8:0:0:0:0:0:2
            tcp | lan  2001:db8::1 | 2001:db8::1 | fd00:4::2 | 2001:db8:0:0:0:0:0:2
            tcp | lan  2001:db8::1 | ''          | 10.4.0.2  | 10.4.0.1
            tcp | host 127.0.0.1   | ''          | 10.4.0.2  | 10.4.0.1
            tcp | host 127.0.0.1   | 127.0.0.1   | 10.4.0.2  | 10.4.0.1
            tcp | host 127.0.0.2   | 127.0.0.2   | 10.4.0.2  | 10.4.0.1
            tcp | host ::1         | ::1         | fd00:4::2 | fd00:4:0:0:0:0:0:1
            tcp | host ::1         | ''          | 10.4.0.2  | 10.4.0.1
            tcp | host 192.0.2.1   | ''          | 10.4.0.2  | 192.0.2.1
            udp | lan  192.0.2.1   | ''          | 10.4.0.2  | 192.0.2.2
            udp | lan  192.0.2.1   | 192.0.2.1   | 10.4.0.2  | 192.0.2.2
            udp | lan  2001:db8::1 | 2001:db8::1 | fd00:4::2 | 2001:db8:0:0:0:0:0:2
            udp | host 127.0.0.1   | 127.0.0.1   | 10.4.0.2  | 10.4.0.1
            udp | host 127.0.0.2   | 127.0.0.2   | 10.4.0.2  | 10.4.0.1
            udp | host ::1         | ::1         | fd00:4::2 | fd00:4:0:0:0:0:0:1
            tcp | lan  192.0.2.1   | ''          | 10.4.0.2 fd00:4::2 | 192.0.2.2
            tcp | lan  2001:db8::1 | ''          | 10.4.0.2 fd00:4::2 | 2001:db8:0:0:0:0:0:2
            tcp | host ::1         | ''          | 10.4.0.2 fd00:4::2 | fd00:4:0:0:0:0:0:1
            udp | lan  192.0.2.1   | ''          | 10.4.0.2 fd00:4::2 | 192.0.2.2
            udp | lan  2001:db8::1 | ''          | 10.4.0.2 fd00:4::2 | 2001:db8:0:0:0:0:0:2
            udp | host 127.0.0.1   | ''          | 10.4.0.2 fd00:4::2 | 10.4.0.1
            """)
    void theServiceSees(String protocol, String from, String published, String target, String seen) throws Exception {
        Fd client = from.startsWith("lan") ? lan : host;
        InetAddress to = ip(from.substring(from.lastIndexOf(' ') + 1));
        try (Published p = publish(new PortMapping(published, 0, PORT, 1, protocol), target)) {
            InetSocketAddress where = new InetSocketAddress(to, p.port());
            assertThat(protocol.equals("tcp") ? askTcp(client, where) : askUdp(client, where))
                    .isEqualTo(seen);
        }
    }

    /// A service that knows IPv4 alone has clients of both families, as it had when there was one address only.
    @ParameterizedTest
    @CsvSource({"tcp, lan, 2001:db8::1", "tcp, host, ::1", "udp, lan, 2001:db8::1", "udp, host, ::1"})
    void whereNobodyListensTheOtherFamilyIsTried(String protocol, String from, String to) throws Exception {
        try (Published p =
                publish(new PortMapping("", 0, PORT_V4_ALONE, 1, protocol), CONTAINER + " " + CONTAINER_V6)) {
            Fd client = from.equals("lan") ? lan : host;
            InetSocketAddress where = new InetSocketAddress(ip(to), p.port());
            for (int i = 0; i < 3; i++) {
                assertThat(protocol.equals("tcp") ? askTcp(client, where) : askUdp(client, where))
                        .isEqualTo("10.4.0.1");
            }
        }
    }

    @Test
    void onlyThePublishedAddressAnswers() throws Exception {
        try (Published p = publish(new PortMapping("127.0.0.2", 0, PORT, 1, "tcp"), CONTAINER)) {
            assertThatThrownBy(() -> askTcp(host, new InetSocketAddress(ip("127.0.0.1"), p.port())))
                    .isInstanceOf(IOException.class);
            // the other loopback address is somebody else's to publish
            try (Published q = publish(new PortMapping("127.0.0.1", p.port(), PORT, 1, "tcp"), CONTAINER)) {
                assertThat(askTcp(host, new InetSocketAddress(ip("127.0.0.1"), q.port())))
                        .isEqualTo("10.4.0.1");
            }
        }
    }

    /// A thread that waits for events alone is never scheduled.
    @Test
    void aPublishedPortThatNobodyUsesCostsNothing() throws Exception {
        try (PortForwarder idle = new PortForwarder(detached);
                Listeners.Opened tcp =
                        NetworkNamespaces.inside(host, () -> Listeners.open(new PortMapping("", 0, PORT, 1, "tcp")));
                Listeners.Opened udp =
                        NetworkNamespaces.inside(host, () -> Listeners.open(new PortMapping("", 0, PORT, 1, "udp")))) {
            idle.forward("tcp", tcp.listeners(), new Target(ip(CONTAINER), PORT));
            idle.forward("udp", udp.listeners(), new Target(ip(CONTAINER), PORT));
            Path status = youngestForwarder();
            long before = -1;
            long now = switches(status);
            // the first look may find it still on its way to sleep
            for (int i = 0; i < 3 && now != before; i++) {
                before = now;
                Thread.sleep(1200);
                now = switches(status);
            }
            assertThat(now).isEqualTo(before);
        }
    }

    private static Path youngestForwarder() throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
            return tasks.filter(t -> name(t).equals("kelp-ports"))
                    .max(Comparator.comparingInt(
                            t -> Integer.parseInt(t.getFileName().toString())))
                    .orElseThrow()
                    .resolve("status");
        }
    }

    private static String name(Path task) {
        try {
            return Files.readString(task.resolve("comm")).strip();
        } catch (IOException e) {
            // it has ended
            return "";
        }
    }

    private static long switches(Path status) throws IOException {
        return Files.readAllLines(status).stream()
                .filter(l -> l.startsWith("voluntary_ctxt_switches:"))
                .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
                .sum();
    }

    @Test
    void whatCannotBeForwardedIsToldAndEndsNothing() throws Exception {
        List<Listeners.Listener> broken = new ArrayList<>();
        broken.add(null);
        assertThatThrownBy(() -> forwarder.forward("broken", broken, new Target(ip(CONTAINER), PORT)))
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(NullPointerException.class);
        try (Published p = publish(new PortMapping("", 0, PORT, 1, "tcp"), CONTAINER)) {
            assertThat(askTcp(host, new InetSocketAddress(ip("127.0.0.1"), p.port())))
                    .isEqualTo("10.4.0.1");
        }
        PortForwarder ended = new PortForwarder(detached);
        ended.close();
        assertThatThrownBy(() -> ended.forward("late", List.of(), new Target(ip(CONTAINER), PORT)))
                .isInstanceOf(KelpException.class);
    }

    @Test
    void muchGoesThroughInBothDirectionsWhole() throws Exception {
        byte[] sent = new byte[20 << 20];
        new Random(7).nextBytes(sent);
        ServerSocket echo = keep(NetworkNamespaces.inside(container, () -> new ServerSocket(9000, 5, ip(CONTAINER))));
        background(() -> {
            try (Socket client = echo.accept()) {
                client.getInputStream().transferTo(client.getOutputStream());
                client.shutdownOutput();
            }
            return null;
        });
        try (Published p = publish(new PortMapping("", 0, 9000, 1, "tcp"), CONTAINER);
                Socket socket = connect(lan, new InetSocketAddress(ip("192.0.2.1"), p.port()))) {
            Future<byte[]> back = threads.submit(() -> socket.getInputStream().readAllBytes());
            socket.getOutputStream().write(sent);
            // a half-closed connection goes on in the other direction
            socket.shutdownOutput();
            assertThat(Arrays.equals(back.get(), sent)).isTrue();
        }
    }

    /// The small rest of much data, which nothing pushes through, must not wait for more. Nor may what follows at a
    /// walking pace.
    @Test
    void theRestOfAStreamAndWhatFollowsItComeWithoutMore() throws Exception {
        byte[] much = new byte[(64 << 20) + 7];
        ServerSocket sink = keep(NetworkNamespaces.inside(container, () -> new ServerSocket(9001, 5, ip(CONTAINER))));
        background(() -> {
            try (Socket client = sink.accept()) {
                client.getInputStream().skipNBytes(much.length);
                client.getOutputStream().write('.');
                client.getInputStream().transferTo(client.getOutputStream());
            }
            return null;
        });
        try (Published p = publish(new PortMapping("", 0, 9001, 1, "tcp"), CONTAINER);
                Socket socket = connect(lan, new InetSocketAddress(ip("192.0.2.1"), p.port()))) {
            socket.getOutputStream().write(much);
            assertThat(socket.getInputStream().read()).isEqualTo('.');
            for (int i = 0; i < 50; i++) {
                socket.getOutputStream().write(i);
                assertThat(socket.getInputStream().read()).isEqualTo(i);
            }
        }
    }

    @Test
    void aRangeLeadsPortByPort() throws Exception {
        List<ServerSocket> servers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int port = 9100 + i;
            ServerSocket s = keep(NetworkNamespaces.inside(container, () -> new ServerSocket(port, 5, ip(CONTAINER))));
            servers.add(s);
            background(() -> {
                try (Socket client = s.accept()) {
                    client.getOutputStream().write(("" + port).getBytes(UTF_8));
                }
                return null;
            });
        }
        try (Published p = publish(new PortMapping("", 7100, 9100, 3, "tcp"), CONTAINER)) {
            for (int i = 2; i >= 0; i--) {
                assertThat(askTcp(lan, new InetSocketAddress(ip("192.0.2.1"), p.port() + i)))
                        .isEqualTo("" + (9100 + i));
            }
        }
    }

    @Test
    void thousandsOfPortsAndConnectionsNeedNoThreads() throws Exception {
        int before = Thread.activeCount();
        List<Socket> clients = new ArrayList<>();
        try (Published p = publish(new PortMapping("", 10000, 20000, 2000, "tcp"), CONTAINER);
                Published q = publish(new PortMapping("", 0, PORT, 1, "tcp"), CONTAINER)) {
            for (int i = 0; i < 300; i++) {
                clients.add(connect(lan, new InetSocketAddress(ip("192.0.2.1"), q.port())));
            }
            for (Socket c : clients) {
                assertThat(new String(c.getInputStream().readAllBytes(), UTF_8)).isEqualTo("192.0.2.2");
            }
            assertThat(p.port()).isEqualTo(10000);
            assertThat(Thread.activeCount()).isLessThanOrEqualTo(before + 2);
        } finally {
            for (Socket c : clients) {
                c.close();
            }
        }
    }

    @Test
    void connectionsThatEndLeaveNoDescriptors() throws Exception {
        try (Published p = publish(new PortMapping("", 0, PORT, 1, "tcp"), CONTAINER)) {
            InetSocketAddress where = new InetSocketAddress(ip("192.0.2.1"), p.port());
            for (int i = 0; i < 20; i++) {
                askTcp(lan, where);
            }
            long before = descriptors();
            for (int i = 0; i < 200; i++) {
                askTcp(lan, where);
            }
            // pipes of the pool may come, connections must go
            assertThat(awaitDescriptors(before + 16)).isLessThanOrEqualTo(before + 16);
        }
    }

    @Test
    void aThousandConnectionsASecondLeaveNeitherDescriptorsNorMemory() throws Exception {
        try (Published p = publish(new PortMapping("", 0, PORT, 1, "tcp"), CONTAINER)) {
            InetSocketAddress where = new InetSocketAddress(ip("192.0.2.1"), p.port());
            askOften(where, 200);
            long descriptors = descriptors();
            long bytes = heapBytes();
            askOften(where, 3000);
            assertThat(awaitDescriptors(descriptors + 16)).isLessThanOrEqualTo(descriptors + 16);
            assertThat(heapBytes()).isLessThan(bytes + (4 << 20));
        }
    }

    private void askOften(InetSocketAddress where, int times) throws Exception {
        List<Future<?>> askers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            askers.add(threads.submit(() -> {
                for (int n = 0; n < times / 4; n++) {
                    assertThat(askTcp(lan, where)).isEqualTo("192.0.2.2");
                }
                return null;
            }));
        }
        for (Future<?> asker : askers) {
            asker.get();
        }
    }

    private static long heapBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    /// More of them than there are large pipes, each with bytes on its way.
    @Test
    void connectionsThatStandStillHoldUpNoOther() throws Exception {
        int connections = 40;
        byte[] piece = new byte[2 << 20];
        ServerSocket slow = keep(NetworkNamespaces.inside(container, () -> {
            ServerSocket s = new ServerSocket();
            s.setReceiveBufferSize(64 << 10);
            s.bind(new InetSocketAddress(ip(CONTAINER), 9300), 64);
            return s;
        }));
        try (Published p = publish(new PortMapping("", 0, 9300, 1, "tcp"), CONTAINER);
                Published q = publish(new PortMapping("", 0, PORT, 1, "tcp"), CONTAINER)) {
            List<Socket> inside = new ArrayList<>();
            List<Future<?>> writers = new ArrayList<>();
            for (int i = 0; i < connections; i++) {
                Socket client = connect(lan, new InetSocketAddress(ip("192.0.2.1"), p.port()));
                inside.add(slow.accept());
                writers.add(threads.submit(() -> {
                    try (client) {
                        client.getOutputStream().write(piece);
                    }
                    return null;
                }));
            }
            assertThat(askTcp(lan, new InetSocketAddress(ip("192.0.2.1"), q.port())))
                    .isEqualTo("192.0.2.2");
            for (Socket s : inside) {
                try (s) {
                    assertThat(s.getInputStream().readAllBytes()).hasSize(piece.length);
                }
            }
            for (Future<?> w : writers) {
                w.get();
            }
        }
    }

    @Test
    void aRefusedConnectionEndsAndTheNextOneWorks() throws Exception {
        try (Published p = publish(new PortMapping("", 0, 9999, 1, "tcp"), CONTAINER);
                Published q = publish(new PortMapping("", 0, PORT, 1, "tcp"), CONTAINER)) {
            assertThat(askTcp(lan, new InetSocketAddress(ip("192.0.2.1"), p.port())))
                    .isEmpty();
            assertThat(askTcp(lan, new InetSocketAddress(ip("192.0.2.1"), q.port())))
                    .isEqualTo("192.0.2.2");
        }
    }

    @Test
    void whatCannotBePublishedIsExplained() throws Exception {
        try (Published p = publish(new PortMapping("", 0, PORT, 1, "tcp"), CONTAINER)) {
            assertThatThrownBy(() -> publish(new PortMapping("", p.port(), PORT, 1, "tcp"), CONTAINER))
                    .hasMessageContaining("already in use")
                    .satisfies(e -> assertThat(
                                    ((dev.kelp.model.KelpException) e).hint().orElseThrow())
                            .contains("pid " + ProcessHandle.current().pid()));
        }
        assertThatThrownBy(() -> publish(new PortMapping("192.0.2.77", 0, PORT, 1, "tcp"), CONTAINER))
                .hasMessageContaining("192.0.2.77 is no address of this machine");
    }

    private static long descriptors() throws IOException {
        try (var all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }

    private static long awaitDescriptors(long atMost) throws Exception {
        for (int i = 0; i < 100 && descriptors() > atMost; i++) {
            Thread.sleep(20);
        }
        return descriptors();
    }
}
