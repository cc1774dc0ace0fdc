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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Every way to publish a port: {TCP, UDP} on {all addresses, 127.0.0.1, 127.0.0.2, ::1, the machine's own addresses}
/// of a container on {the default network, one of its own with both families}. The service says whom it sees: the
/// client's own address, and for clients of the loopback, or of a family that its network lacks, the gateway's.
@Tag("e2e")
class PublishedPortsTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int WAIT_MILLIS = 2000;

    /// As `port` writes them: the container's, the protocol, the host's address and port.
    private static final Pattern LINE = Pattern.compile("(\\d+)/(tcp|udp) -> \\[?([0-9a-f.:]+?)\\]?:(\\d+)");

    /// Tells each client the address it has.
    static final String SERVICE = """
            use IO::Socket::IP; use IO::Select; use Socket qw(:addrinfo);
            my %all = (LocalHost => "::", LocalPort => 8000, V6Only => 0, ReuseAddr => 1);
            my $tcp = IO::Socket::IP->new(%all, Listen => 50) or die "tcp: $@";
            my $udp = IO::Socket::IP->new(%all, Type => SOCK_DGRAM) or die "udp: $@";
            while (1) {
                for my $ready (IO::Select->new($tcp, $udp)->can_read) {
                    if ($ready == $tcp) {
                        my $client = $tcp->accept; print $client $client->peerhost; close $client;
                    } else {
                        my $from = $udp->recv(my $asked, 99);
                        my (undef, $host) = getnameinfo($from, NI_NUMERICHOST, NIx_NOSERV);
                        $udp->send($host, 0, $from);
                    }
                }
            }
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
    void everyAddressLeadsToTheServiceWhichSeesItsClients(String network) throws IOException {
        boolean both = network.equals("front");
        if (both) {
            kelp.run("network", "create", "--ipv6", "--subnet", "10.88.41.0/24", "--subnet", "fd00:88:41::/64", network)
                    .succeeded();
        }
        List<String> hosts = new ArrayList<>(List.of("", "127.0.0.1::", "127.0.0.2::", "[::1]::"));
        ownAddresses().forEach(a -> hosts.add((a instanceof Inet4Address ? text(a) : "[" + text(a) + "]") + "::"));
        List<String> words = new ArrayList<>(List.of("run", "-d", "--name", "web", "--network", network));
        for (String host : hosts) {
            words.addAll(List.of("-p", host + "8000", "-p", host + "8000/udp"));
        }
        words.addAll(List.of("--rootfs", "/", "perl", "-e", SERVICE));
        kelp.run(words.toArray(String[]::new)).succeeded();
        List<String> lines = kelp.run("port", "web").succeeded().lines();
        // all addresses are two: one of each family
        assertThat(lines).hasSizeBetween(2 * hosts.size(), 2 * (hosts.size() + 1));
        for (String line : lines) {
            Matcher m = LINE.matcher(line);
            assertThat(m.matches()).as(line).isTrue();
            for (InetAddress to : reached(InetAddress.getByName(m.group(3)))) {
                InetSocketAddress where = new InetSocketAddress(to, Integer.parseInt(m.group(4)));
                boolean tcp = m.group(2).equals("tcp");
                String seen = seen(to, both);
                Waiting.until(
                        SOON,
                        line + " shows " + seen + " to the service when asked at " + text(to),
                        () -> (tcp ? askTcp(where) : askUdp(where)).equals(seen),
                        () -> (tcp ? askTcp(where) : askUdp(where)) + kelp.run("logs", "web"));
            }
        }
    }

    /// Where a port that is published on an address can be asked.
    private static List<InetAddress> reached(InetAddress published) throws IOException {
        if (!published.isAnyLocalAddress()) {
            return List.of(published);
        }
        boolean v4 = published instanceof Inet4Address;
        List<InetAddress> all = new ArrayList<>(List.of(InetAddress.getByName(v4 ? "127.0.0.1" : "::1")));
        ownAddresses().stream().filter(a -> (a instanceof Inet4Address) == v4).forEach(all::add);
        return all;
    }

    /// Whom the service sees when this machine asks one of its own addresses.
    private static String seen(InetAddress asked, boolean both) throws IOException {
        boolean v4 = asked instanceof Inet4Address;
        String gateway = both ? (v4 ? "10.88.41.1" : "fd00:88:41::1") : "10.4.0.1";
        String seen = asked.isLoopbackAddress() || (!v4 && !both) ? gateway : text(asked);
        return text(InetAddress.getByName(seen));
    }

    private static String text(InetAddress address) {
        return address.getHostAddress().replaceFirst("%.*", "");
    }

    private static String askTcp(InetSocketAddress where) {
        try (Socket socket = new Socket()) {
            socket.connect(where, WAIT_MILLIS);
            socket.setSoTimeout(WAIT_MILLIS);
            return plain(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
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
            return plain(new String(answer.getData(), 0, answer.getLength(), StandardCharsets.US_ASCII));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// As Java writes addresses; a service that listens on `::` sees those of IPv4 mapped.
    private static String plain(String address) throws IOException {
        return address.isEmpty() ? "" : text(InetAddress.getByName(address));
    }

    private static List<InetAddress> ownAddresses() throws SocketException {
        return NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(a -> !a.isLoopbackAddress() && !a.isLinkLocalAddress())
                .toList();
    }
}
