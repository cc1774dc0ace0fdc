// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Networks, names and published ports, as a user has them.
@Tag("e2e")
class NetworkTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    /// Answers each connection with a line.
    private static final String SERVICE = "while :; do echo served | nc -l -p 8000; done";

    private static KelpCli kelp;

    @BeforeAll
    static void open() {
        assumeThat(List.of("/usr/sbin/nft", "/usr/bin/nft").stream().anyMatch(p -> Files.exists(Path.of(p))))
                .as("nft is installed")
                .isTrue();
        kelp = Engines.kelp();
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
        new Leftovers(kelp).awaitNothing();
    }

    /// Without a word about networks.
    private static Outcome plain(String script, String... options) {
        String[] all = Stream.of(Stream.of("run", "--rm"), Stream.of(options), Stream.of(busybox(), "sh", "-c", script))
                .flatMap(s -> s)
                .toArray(String[]::new);
        return kelp.run(all);
    }

    private static Outcome shell(String network, String script) {
        return kelp.run("run", "--rm", "--network", network, busybox(), "sh", "-c", script);
    }

    private static void service(String name, String network, String... more) {
        String[] head = {"run", "-d", "--name", name, "--network", network};
        String[] tail = {busybox(), "sh", "-c", SERVICE};
        String[] all = new String[head.length + more.length + tail.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(more, 0, all, head.length, more.length);
        System.arraycopy(tail, 0, all, head.length + more.length, tail.length);
        kelp.run(all).succeeded();
    }

    private static String ask(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void awaitAnswer(int port) {
        Waiting.until(SOON, "the published port answers", () -> ask(port).equals("served"), () -> ask(port));
    }

    private static int published(String container) {
        String line = kelp.run("port", container).succeeded().lines().getFirst();
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    }

    @Test
    void aContainerHasAnAddressAWayOutAndAHostNameThatResolves() {
        assertThat(shell("bridge", "ip route").succeeded().out()).contains("default via 10.4.0.1 dev eth0");
        assertThat(shell("bridge", "hostname -i").succeeded().out()).startsWith("10.4.0.");
        assertThat(shell("bridge", "cat /etc/resolv.conf").succeeded().out()).contains("nameserver 10.4.0.1");
    }

    @Test
    void whoAsksForNoNetworkIsOnTheDefaultOne() {
        Outcome first =
                plain("ls /sys/class/net; ip route; hostname -i; hostname").succeeded();
        assertThat(first.out()).startsWith("eth0\nlo\n").contains("default via 10.4.0.1 dev eth0", "\n10.4.0.");
        assertThat(kelp.run("run", "-d", "--name", "web", busybox(), "sleep", "100")
                        .succeeded()
                        .err())
                .isEmpty();
        assertThat(kelp.run("inspect", "--format", "{{.HostConfig.NetworkMode}}", "web")
                        .text())
                .isEqualTo("bridge");
        assertThat(plain("ping -c 1 -W 5 web").succeeded().out()).contains("1 packets received");
        // the machine's own network only for who says so
        assertThat(plain("ls /sys/class/net", "--net=host").succeeded().out()).doesNotContain("eth0@");
    }

    @Test
    void anAddressThatWaitsForSomebodyElseCanBeAskedFor() {
        plain("true").succeeded();
        for (int host = 2; host < 8; host++) {
            String address = "10.4.0." + host;
            assertThat(plain("hostname -i", "--ip", address).succeeded().text()).isEqualTo(address);
        }
    }

    @Test
    void theNetworkIsTheContainersToTune() {
        assertThat(plain("cat /proc/sys/net/ipv4/ip_forward", "--sysctl", "net.ipv4.ip_forward=1")
                        .succeeded()
                        .text())
                .isEqualTo("1");
    }

    @Test
    void aContainerStartsAgainAtOnce() {
        service("web", "bridge", "--ip", "10.4.0.77");
        for (int i = 0; i < 3; i++) {
            kelp.run("restart", "-t", "0", "web").succeeded();
            assertThat(plain("for i in 1 2 3 4 5 6 7 8 9; do nc web 8000 </dev/null && exit; sleep 0.2; done; exit 1")
                            .succeeded()
                            .text())
                    .isEqualTo("served");
        }
    }

    @Test
    void neighboursFindEachOtherByNameAndOthersDoNot() {
        kelp.run("network", "create", "front").succeeded();
        kelp.run("network", "create", "back").succeeded();
        service("web", "front", "--network-alias", "www");
        for (String name : List.of("web", "www")) {
            assertThat(shell("front", "nc " + name + " 8000 </dev/null")
                            .succeeded()
                            .text())
                    .isEqualTo("served");
        }
        String address = kelp.run(
                        "network", "inspect", "front", "--format", "{{range .Containers}}{{.IPv4Address}}{{end}}")
                .succeeded()
                .text()
                .replaceAll("/.*", "");
        assertThat(shell("back", "nslookup web").exitCode()).isNotZero();
        assertThat(shell("back", "nc -w 1 " + address + " 8000 </dev/null").out())
                .isEmpty();
        assertThat(kelp.run("network", "rm", "front").expect(1).err()).contains("active endpoints");
    }

    @Test
    void aPublishedPortOutlivesTheDaemon() {
        service("web", "bridge", "-p", "127.0.0.1:0:8000");
        int port = published("web");
        awaitAnswer(port);
        assertThat(kelp.run("run", "--rm", "-p", "127.0.0.1:" + port + ":80", busybox(), "true")
                        .expect(125)
                        .err())
                .contains("already in use")
                .contains("container web publishes it");
        ProcessHandle.of(kelp.daemonPid()).orElseThrow().destroyForcibly();
        awaitAnswer(port);
        kelp.run("restart", "-t", "0", "web").succeeded();
        awaitAnswer(published("web"));
        kelp.run("rm", "-f", "web").succeeded();
        assertThat(ask(port)).contains("refused");
    }

    @Test
    void aRunningContainerJoinsAndLeavesNetworks() {
        kelp.run("network", "create", "back").succeeded();
        service("web", "bridge");
        kelp.run("network", "connect", "--alias", "db", "back", "web").succeeded();
        assertThat(shell("back", "nc db 8000 </dev/null").succeeded().text()).isEqualTo("served");
        kelp.run("network", "disconnect", "back", "web").succeeded();
        assertThat(shell("back", "nslookup db").exitCode()).isNotZero();
        kelp.run("network", "rm", "back").succeeded();
    }

    @Test
    void whatCannotBeIsRefusedBeforeAContainerIsMade() {
        assertThat(shell("nowhere", "true").expect(125).err()).contains("no such network: nowhere");
        assertThat(kelp.run("network", "create", "--subnet", "10.4.0.0/25", "twin")
                        .expect(1)
                        .err())
                .contains("overlaps that of network bridge");
        assertThat(kelp.run("network", "create", "bridge").expect(1).err()).contains("already exists");
        assertThat(kelp.run("network", "rm", "host").expect(1).err()).contains("always there");
        assertThat(kelp.run("run", "--rm", "--ip", "10.9.9.9", busybox(), "true")
                        .expect(125)
                        .err())
                .contains("10.9.9.9");
        assertThat(kelp.run("ps", "-aq").succeeded().out()).isEmpty();
    }
}
