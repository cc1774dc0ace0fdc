// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static dev.kelp.e2e.NetworkSettingsTest.PREFIX;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The modes of rootless containerd other than Kelp's own: its port drivers, and a daemon in the namespace of its
/// networks.
@Tag("e2e")
class RootlessModesTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String SERVICE = "while :; do echo served | nc -l -p 8000; done";

    /// The service does not listen between two clients.
    private static final String ASK =
            "for i in $(seq 100); do nc web 8000 </dev/null 2>/dev/null | grep . && exit; sleep 0.1; done; exit 1";

    private static final String NAMESPACE = "readlink /proc/self/ns/net";

    @BeforeEach
    void needs() {
        assumeTrue(Files.exists(Path.of("/usr/sbin/nft")), "nft is not installed");
        assumeTrue(Files.exists(Path.of("/usr/bin/slirp4netns")), "slirp4netns is not installed");
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "/dev/net/tun cannot be opened");
    }

    private static KelpCli withBusybox(Map<String, String> variables) {
        KelpCli kelp = NetworkSettingsTest.started(variables);
        kelp.pull(busybox());
        return kelp;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static String ask(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void awaitAnswer(KelpCli kelp, int port) {
        Waiting.until(SOON, "the port answers", () -> ask(port).equals("served"), () -> ask(port) + kelp.daemonLog());
    }

    private static void publish(KelpCli kelp, String port) {
        kelp.run("run", "-d", "--name", "web", "-p", port, busybox(), "sh", "-c", SERVICE)
                .succeeded();
    }

    @Test
    void slirp4netnsPublishesPortsAndDoesSoAgainAfterItWasKilled() throws IOException {
        int port = freePort();
        try (KelpCli kelp = withBusybox(Map.of(PREFIX + "PORT_DRIVER", "slirp4netns"))) {
            publish(kelp, "127.0.0.1:" + port + ":8000");
            awaitAnswer(kelp, port);
            assertThat(kelp.run("run", "--rm", "-p", "127.0.0.1:" + port + ":80", busybox(), "true")
                            .expect(125)
                            .err())
                    .contains("already in use");
            long killed = NetworkSettingsTest.driverPid(kelp, "slirp4netns").orElseThrow();
            assertThat(Program.of("ss", "-Hltnp", "sport = :" + port).run().out())
                    .contains("slirp4netns")
                    .contains("127.0.0.1:" + port);
            ProcessHandle.of(killed).orElseThrow().destroyForcibly();
            Waiting.until(
                    SOON,
                    "another slirp4netns",
                    () -> NetworkSettingsTest.driverPid(kelp, "slirp4netns")
                            .filter(pid -> pid != killed)
                            .isPresent(),
                    kelp::daemonLog);
            awaitAnswer(kelp, port);
            Leftovers.kill(kelp.daemonPid());
            kelp.run("ps").succeeded();
            awaitAnswer(kelp, port);
            kelp.run("rm", "-f", "web").succeeded();
            Waiting.until(SOON, "the port is free", () -> ask(port).contains("refused"), () -> ask(port));
        }
    }

    @Test
    void pastaPublishesWhatIsListenedOn() throws IOException {
        assumeTrue(Files.exists(Path.of("/usr/bin/pasta")), "pasta is not installed");
        int port = freePort();
        try (KelpCli kelp = withBusybox(Map.of(PREFIX + "PORT_DRIVER", "implicit", PREFIX + "NET", "pasta"))) {
            publish(kelp, port + ":8000");
            awaitAnswer(kelp, port);
            assertThat(kelp.run("run", "--rm", "-p", "192.0.2.7:" + port + ":80", busybox(), "true")
                            .expect(125)
                            .err())
                    .contains("implicit");
        }
    }

    @Test
    void noPortDriverPublishesNothingAndSaysSo() {
        try (KelpCli kelp = withBusybox(Map.of(PREFIX + "PORT_DRIVER", "none"))) {
            assertThat(kelp.run("run", "--rm", "-p", "8000", busybox(), "true")
                            .expect(125)
                            .err())
                    .contains("the port driver is none", "PORT_DRIVER");
            assertThat(kelp.run("run", "--rm", busybox(), "true").succeeded().err())
                    .isEmpty();
        }
    }

    /// The daemon's own connections and what is on the host's network are in the namespace with the networks.
    @Test
    void aDaemonCanLiveWithItsNetworks(@TempDir Path folder) throws IOException {
        Launcher.requireOrdinaryUser();
        String lan = Program.of("hostname", "-I").run().text().split(" ")[0];
        assumeTrue(!lan.isEmpty(), "this machine has no address but loopback ones");
        Path state = folder.resolve("state");
        Map<String, String> variables = new HashMap<>();
        variables.put(PREFIX + "DETACH_NETNS", "false");
        variables.put(PREFIX + "NET", "slirp4netns");
        variables.put(PREFIX + "STATE_DIR", state.toString());
        String registry = Engines.registry().host();
        try (KelpCli kelp = NetworkSettingsTest.started(variables);
                Relay relay = new Relay(lan, Integer.parseInt(registry.substring(registry.indexOf(':') + 1)))) {
            // the host's loopback interface is not the namespace's
            assertThat(kelp.run("pull", busybox()).exitCode()).isNotZero();
            String image =
                    lan + ":" + relay.port() + busybox().substring(busybox().indexOf('/'));
            kelp.run("--insecure-registry", "pull", image).succeeded();
            Outcome inside =
                    kelp.run("run", "--rm", "--net=host", image, "sh", "-c", NAMESPACE + "; cat /proc/net/dev");
            assertThat(inside.succeeded().out()).contains("tap0", "kelp0");
            String namespace = inside.lines().getFirst();
            assertThat(namespace)
                    .isNotEqualTo(
                            Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString());
            Path child = state.resolve("child_pid");
            Waiting.until(SOON, "child_pid is there", () -> Files.exists(child), kelp::daemonLog);
            assertThat(state.resolve("netns")).doesNotExist();
            String enter = "nsenter -U --preserve-credentials -m -n -t $(cat " + child + ") ";
            assertThat(Program.of("sh", "-c", enter + NAMESPACE)
                            .run()
                            .succeeded()
                            .text())
                    .isEqualTo(namespace);
            // names are answered where the host's own servers may not be reached
            assertThat(kelp.run("run", "--rm", "--net=host", image, "cat", "/etc/resolv.conf")
                            .succeeded()
                            .out())
                    .contains("nameserver 10.4.0.1");
            int port = freePort();
            kelp.run("run", "-d", "--name", "web", "-p", "127.0.0.1:" + port + ":8000", image, "sh", "-c", SERVICE)
                    .succeeded();
            awaitAnswer(kelp, port);
        }
    }

    @Test
    void nsenterLeadsIntoTheNetworkInThatModeAlone() throws IOException {
        Launcher.requireOrdinaryUser();
        String host = Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString();
        String[] enter = {"setup", "nsenter", "--", "readlink", "/proc/self/ns/net"};
        try (KelpCli kelp = NetworkSettingsTest.started(Map.of(PREFIX + "DETACH_NETNS", "false"))) {
            kelp.run("ps").succeeded();
            Waiting.until(
                    SOON,
                    "it is another network",
                    () -> !kelp.run(enter).succeeded().text().equals(host),
                    kelp::daemonLog);
        }
        try (KelpCli kelp = NetworkSettingsTest.started(Map.of())) {
            kelp.run("run", "--rm", "--rootfs", "/", "true").succeeded();
            assertThat(kelp.run(enter).succeeded().text()).isEqualTo(host);
            String told =
                    "cd \"$ROOTLESSKIT_STATE_DIR\" && cat child_pid && nsenter --net=netns ip -o -4 addr show kelp0";
            assertThat(kelp.run("setup", "nsenter", "--", "sh", "-c", told)
                            .succeeded()
                            .out())
                    .contains("10.4.0.1/24");
        }
    }

    @Test
    void whatShapesTheNamespacesWaitsForContainersThatRun() {
        try (KelpCli kelp = withBusybox(Map.of())) {
            kelp.run("run", "-d", "--name", "web", busybox(), "sh", "-c", SERVICE)
                    .succeeded();
            long daemon = kelp.daemonPid();
            Leftovers.kill(kelp.holderPid());
            Leftovers.awaitEnd(daemon);
            Map<String, String> other = Map.of(PREFIX + "DETACH_NETNS", "false");
            String[] host = {"run", "--rm", "--net=host", busybox(), "sh", "-c", NAMESPACE};
            String[] neighbour = {"run", "--rm", busybox(), "sh", "-c", ASK};
            Outcome first = kelp.command(neighbour).environment(other).run().succeeded();
            assertThat(first.text()).isEqualTo("served");
            assertThat(first.err()).contains(PREFIX + "DETACH_NETNS: counts when no container runs");
            assertThat(kelp.run(host).succeeded().text()).isEqualTo(own());
            assertThat(kelp.run(neighbour).succeeded().err()).doesNotContain(PREFIX);
            kelp.run("rm", "-f", "web").succeeded();
            kelp.run("system", "stop").succeeded();
            assertThat(kelp.command(host).environment(other).run().succeeded().text())
                    .isNotEqualTo(own());
        }
    }

    private static String own() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/ns/net")).toString();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /// Leads connections to an address of this machine to a port of its loopback interface.
    private static final class Relay implements AutoCloseable {
        private final ServerSocket listener;

        Relay(String address, int to) throws IOException {
            listener = new ServerSocket(0, 50, InetAddress.getByName(address));
            Thread.ofVirtual().start(() -> {
                while (!listener.isClosed()) {
                    try {
                        Socket client = listener.accept();
                        Socket server = new Socket(InetAddress.getLoopbackAddress(), to);
                        Thread.ofVirtual().start(() -> copy(client, server));
                        Thread.ofVirtual().start(() -> copy(server, client));
                    } catch (IOException e) {
                        return;
                    }
                }
            });
        }

        private static void copy(Socket from, Socket to) {
            try {
                from.getInputStream().transferTo(to.getOutputStream());
                to.shutdownOutput();
            } catch (IOException e) {
                // the other direction ends by itself
            }
        }

        int port() {
            return listener.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }
}
