// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Program;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Published ports as another machine of the local network sees them. The engine lives in a namespace that stands for
/// this machine: the user's own would have no second machine. It keeps the user namespace it finds there.
@Tag("e2e")
class LanClientTest {
    /// Asks a service of [PublishedPortsTest#SERVICE] whom it sees.
    private static final String ASK = """
            use IO::Socket::IP; my ($proto, $host, $port) = @ARGV;
            $SIG{ALRM} = sub { print "nobody\\n"; exit }; alarm 3;
            my $s = IO::Socket::IP->new(PeerHost => $host, PeerPort => $port,
                Type => $proto eq "tcp" ? SOCK_STREAM : SOCK_DGRAM) or do { print "refused\\n"; exit };
            $s->send("?") if $proto eq "udp"; $s->recv(my $seen, 99);
            $seen =~ s/^::ffff://; print length $seen ? "$seen\\n" : "nobody\\n";
            """;

    /// The words are a network, and the ports: of all addresses, of those of the LAN, and of the loopback's.
    private static final String SCRIPT = """
            set -e
            ip link set lo up
            unshare --net sleep 1000 & client=$!
            trap 'kill $client; "$KELP" rm -f web >/dev/null; "$KELP" system stop' EXIT
            until [ "$(readlink /proc/$client/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do sleep 0.05; done
            there() { nsenter --net --target $client "$@"; }
            ip link add lan type veth peer name lan netns $client
            ip addr add 192.168.77.1/24 dev lan; ip addr add fd77::1/64 dev lan nodad; ip link set lan up
            there ip addr add 192.168.77.2/24 dev lan; there ip addr add fd77::2/64 dev lan nodad
            there ip link set lan up
            [ $1 = bridge ] ||
                "$KELP" network create --ipv6 --subnet 10.88.42.0/24 --subnet fd00:88:42::/64 $1 >/dev/null
            "$KELP" run -d --name web --network $1 -p 8001:8000 -p 8001:8000/udp \\
                -p 192.168.77.1:8002:8000 -p 192.168.77.1:8002:8000/udp \\
                -p '[fd77::1]:8002:8000' -p '[fd77::1]:8002:8000/udp' \\
                -p 127.0.0.2:8003:8000 -p 127.0.0.2:8003:8000/udp --rootfs / perl -e "$SERVICE" >/dev/null
            until [[ $(there perl -e "$ASK" tcp 192.168.77.1 8001) = *.* ]]; do sleep 0.2; done
            for proto in tcp udp; do
                for address in 192.168.77.1 fd77::1; do
                    for port in 8001 8002 8003; do
                        echo $proto $address $port $(there perl -e "$ASK" $proto $address $port)
                    done
                done
            done
            """;

    @ParameterizedTest
    @CsvSource({"bridge, 10.4.0.1", "front, fd77::2"})
    void aServiceSeesTheOtherMachine(String network, String seenOfIpv6) {
        Launcher.requireOrdinaryUser();
        assumeTrue(Files.exists(Path.of("/usr/sbin/nft")), "nft is not installed");
        assumeTrue(
                Program.of("unshare", "--help").run().out().contains("--map-auto"),
                "unshare(1) is older than util-linux 2.38: it knows no --map-auto");
        assumeTrue(hasIpv6(), "new network namespaces have no IPv6");
        try (KelpCli kelp = new KelpCli()) {
            List<String> lines = Program.of("unshare", "--map-auto", "--map-root-user", "--net", "--mount")
                    .with("bash", "-c", SCRIPT, "lan", network)
                    .environment(kelp.environment())
                    .environment(
                            Map.of("KELP", kelp.binary().toString(), "ASK", ASK, "SERVICE", PublishedPortsTest.SERVICE))
                    .timeoutSeconds(300)
                    .run()
                    .succeeded()
                    .lines();
            assertThat(lines)
                    .containsExactly(
                            "tcp 192.168.77.1 8001 192.168.77.2",
                            "tcp 192.168.77.1 8002 192.168.77.2",
                            "tcp 192.168.77.1 8003 refused",
                            "tcp fd77::1 8001 " + seenOfIpv6,
                            "tcp fd77::1 8002 " + seenOfIpv6,
                            "tcp fd77::1 8003 refused",
                            "udp 192.168.77.1 8001 192.168.77.2",
                            "udp 192.168.77.1 8002 192.168.77.2",
                            "udp 192.168.77.1 8003 nobody",
                            "udp fd77::1 8001 " + seenOfIpv6,
                            "udp fd77::1 8002 " + seenOfIpv6,
                            "udp fd77::1 8003 nobody");
        }
    }

    /// Whether an interface of a new namespace may have such an address.
    private static boolean hasIpv6() {
        return Program.of("unshare", "--map-root-user", "--net", "ip", "addr", "add", "fd77::1/64", "dev", "lo")
                        .run()
                        .exitCode()
                == 0;
    }
}
