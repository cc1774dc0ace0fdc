// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Containers with a network for themselves: `--network=slirp4netns` and `--network=pasta`.
@Tag("e2e")
class PrivateNetworkTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String SERVICE = "exec nc -ll -p 8000 -e echo served";

    private static KelpCli kelp;

    @BeforeAll
    static void open() {
        assumeTrue(Files.exists(Path.of("/usr/bin/slirp4netns")), "slirp4netns is not installed");
        assumeTrue(Files.exists(Path.of("/usr/bin/pasta")), "pasta is not installed");
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "/dev/net/tun cannot be opened");
        kelp = new KelpCli();
        kelp.pull(busybox());
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
        new Leftovers(kelp).awaitNothing();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static String ask(int port) {
        try (Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), port)) {
            socket.setSoTimeout(5000);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void awaitService(int port) {
        Waiting.until(
                SOON,
                "port " + port + " answers",
                () -> ask(port).equals("served"),
                () -> ask(port) + kelp.daemonLog());
    }

    /// By the program that was started for the container.
    private static Optional<Long> driver(String network) {
        return NetworkSettingsTest.driverPid(kelp, network.replaceFirst(":.*", ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"slirp4netns", "slirp4netns:port_handler=slirp4netns", "pasta"})
    void portsOutliveTheDaemonAndTheDriver(String network) throws IOException {
        int port = freePort();
        kelp.run(
                        "run",
                        "-d",
                        "--name",
                        "web",
                        "--network",
                        network,
                        "-p",
                        "127.0.0.1:" + port + ":8000",
                        busybox(),
                        "sh",
                        "-c",
                        SERVICE)
                .succeeded();
        assertThat(kelp.run("port", "web").succeeded().text()).isEqualTo("8000/tcp -> 127.0.0.1:" + port);
        awaitService(port);
        assertThat(kelp.run("run", "--rm", "--net", network, "-p", "127.0.0.1:" + port + ":80", busybox(), "true")
                        .expect(125)
                        .err())
                .contains("already in use", "web");
        ProcessHandle.of(kelp.daemonPid()).orElseThrow().destroyForcibly();
        awaitService(port);
        long killed = driver(network).orElseThrow();
        ProcessHandle.of(killed).orElseThrow().destroyForcibly();
        Waiting.until(
                SOON,
                "another driver",
                () -> driver(network).filter(pid -> pid != killed).isPresent(),
                kelp::daemonLog);
        awaitService(port);
        kelp.run("restart", "-t", "0", "web").succeeded();
        awaitService(port);
        kelp.run("rm", "-f", "web").succeeded();
        assertThat(ask(port)).contains("refused");
        Waiting.until(SOON, "its driver is gone", () -> driver(network).isEmpty(), kelp::daemonLog);
    }

    /// Nobody was there to end the driver.
    @Test
    void aDriverEndsWhoseContainerEndedWithoutADaemon() {
        kelp.run("run", "-d", "--name", "short", "--network", "slirp4netns", busybox(), "sleep", "1")
                .succeeded();
        assertThat(driver("slirp4netns")).isPresent();
        long daemon = kelp.daemonPid();
        ProcessHandle.of(daemon).orElseThrow().destroyForcibly();
        Waiting.until(
                SOON,
                "the container has ended",
                () -> kelp.run("inspect", "-f", "{{.State.Status}}", "short")
                        .text()
                        .equals("exited"),
                kelp::daemonLog);
        Waiting.until(SOON, "its driver is gone", () -> driver("slirp4netns").isEmpty(), kelp::daemonLog);
    }

    @Test
    void aDriverThatRefusesLeavesNothing() {
        assertThat(kelp.run("run", "--name", "odd", "--network", "pasta:--no-such-option", busybox(), "true")
                        .expect(125)
                        .err())
                .contains("pasta");
        assertThat(driver("pasta")).isEmpty();
    }
}
