// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every way to publish a port: {TCP, UDP} on {all addresses, 127.0.0.1, 127.0.0.2, ::1, the machine's own address} of
/// a
/// container on {the default network, one of its own}.
@Tag("e2e")
class PublishedPortsTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int WAIT_MILLIS = 2000;

    /// As `port` writes them: the container's, the protocol, the host's address and port.
    private static final Pattern LINE = Pattern.compile("(\\d+)/(tcp|udp) -> \\[?([0-9a-f.:]+?)\\]?:(\\d+)");

    private static final String SERVICES = """
            busybox nc -ll -p 8000 -e echo served &
            exec perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8000, Proto => "udp");
                while ($s->recv($m, 99)) { $s->send("served") }'
            """;

    private static KelpCli kelp;

    @BeforeAll
    static void open() {
        assumeTrue(Files.exists(Path.of("/usr/sbin/nft")), "nft is not installed");
        kelp = new KelpCli();
    }

    @AfterAll
    static void close() {
        if (kelp != null) {
            kelp.close();
        }
    }

    @AfterEach
    void nothingIsLeft() {
        kelp.removeContainers();
        kelp.run("network", "prune", "-f").succeeded();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bridge", "front"})
    void everyAddressLeadsToTheServiceByBothProtocols(String network) throws IOException {
        if (!network.equals("bridge")) {
            kelp.run("network", "create", network).succeeded();
        }
        List<String> hosts = new ArrayList<>(List.of("", "127.0.0.1::", "127.0.0.2::", "[::1]::"));
        ownAddress().ifPresent(own -> hosts.add(own + "::"));
        List<String> words = new ArrayList<>(List.of("run", "-d", "--name", "web", "--network", network));
        for (String host : hosts) {
            words.addAll(List.of("-p", host + "8000", "-p", host + "8000/udp"));
        }
        words.addAll(List.of("--rootfs", "/", "sh", "-c", SERVICES));
        kelp.run(words.toArray(String[]::new)).succeeded();
        List<String> lines = kelp.run("port", "web").succeeded().lines();
        // all addresses are two: one of each family
        assertThat(lines).hasSizeBetween(2 * hosts.size(), 2 * (hosts.size() + 1));
        for (String line : lines) {
            Matcher m = LINE.matcher(line);
            assertThat(m.matches()).as(line).isTrue();
            InetAddress to = InetAddress.getByName(
                    switch (m.group(3)) {
                        case "0.0.0.0" -> "127.0.0.1";
                        case "::" -> "::1";
                        default -> m.group(3);
                    });
            InetSocketAddress where = new InetSocketAddress(to, Integer.parseInt(m.group(4)));
            boolean tcp = m.group(2).equals("tcp");
            Waiting.until(
                    SOON,
                    line + " answers",
                    () -> (tcp ? askTcp(where) : askUdp(where)).equals("served"),
                    () -> tcp ? askTcp(where) : askUdp(where));
        }
    }

    private static String askTcp(InetSocketAddress where) {
        try (Socket socket = new Socket()) {
            socket.connect(where, WAIT_MILLIS);
            socket.setSoTimeout(WAIT_MILLIS);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static String askUdp(InetSocketAddress where) {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(WAIT_MILLIS);
            socket.send(new DatagramPacket(new byte[] {'?'}, 1, where));
            DatagramPacket answer = new DatagramPacket(new byte[64], 64);
            socket.receive(answer);
            return new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static Optional<String> ownAddress() throws SocketException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(a -> a instanceof Inet4Address && !a.isLoopbackAddress())
                .map(InetAddress::getHostAddress)
                .findFirst();
    }
}
