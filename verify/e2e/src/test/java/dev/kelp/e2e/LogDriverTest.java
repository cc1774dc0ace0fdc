// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Waiting;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// `--log-driver` and `--log-opt`: what is sent on arrives, also over a killed daemon, and limits keep what they say.
@Tag("e2e")
class LogDriverTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    private static KelpCli kelp;

    @BeforeAll
    static void open() {
        kelp = Engines.kelp();
    }

    @AfterAll
    static void close() {
        kelp.close();
    }

    @AfterEach
    void nothingIsLeft() {
        kelp.removeContainers();
    }

    /// A syslog daemon by TCP that keeps what comes.
    private static final class SyslogServer implements AutoCloseable {
        final List<String> lines = new CopyOnWriteArrayList<>();
        private final ServerSocket listener;

        SyslogServer() throws IOException {
            listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
            Thread.ofVirtual().start(() -> {
                while (!listener.isClosed()) {
                    try {
                        Socket s = listener.accept();
                        Thread.ofVirtual().start(() -> read(s));
                    } catch (IOException e) {
                        return;
                    }
                }
            });
        }

        private void read(Socket s) {
            try (s;
                    BufferedReader in =
                            new BufferedReader(new InputStreamReader(s.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    lines.add(line);
                }
            } catch (IOException e) {
                lines.add("broken: " + e);
            }
        }

        String address() {
            return "tcp://127.0.0.1:" + listener.getLocalPort();
        }

        /// The numbers of the lines that came, in order.
        List<Integer> numbers() {
            return lines.stream()
                    .map(l -> Integer.parseInt(l.substring(l.lastIndexOf(' ') + 1)))
                    .toList();
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }

    private static void run(String name, String script, String... options) {
        List<String> words = new ArrayList<>(List.of("run", "-d", "--net=host", "--name", name));
        words.addAll(List.of(options));
        words.addAll(List.of(busybox(), "sh", "-c", script));
        kelp.run(words.toArray(String[]::new)).succeeded();
    }

    @Test
    void syslogOverAKilledDaemon() throws Exception {
        try (SyslogServer server = new SyslogServer()) {
            run(
                    "sent",
                    "for i in $(seq 1 60); do echo number $i; sleep 0.05; done; sleep 100",
                    "--log-driver=syslog",
                    "--log-opt",
                    "syslog-address=" + server.address(),
                    "--log-opt",
                    "tag={{.Name}}",
                    "--log-opt",
                    "syslog-format=rfc3164");
            Waiting.until(SOON, "lines arrive", () -> server.lines.size() > 5, server.lines::toString);
            ProcessHandle.of(kelp.daemonPid()).orElseThrow().destroyForcibly();
            Waiting.until(SOON, "all arrive", () -> server.numbers().contains(60), server.lines::toString);
            assertThat(server.numbers().stream().distinct().toList())
                    .as("none is missing, none before its turn")
                    .isEqualTo(IntStream.rangeClosed(1, 60).boxed().toList());
            assertThat(server.lines.getFirst()).matches("<30>\\w{3} [ \\d]\\d \\S+ \\S+ sent\\[\\d+\\]: number 1");
            assertThat(kelp.run("logs", "--tail", "2", "sent").succeeded().lines())
                    .containsExactly("number 59", "number 60");
        }
    }

    @Test
    void theLastLineIsSentBeforeTheContainerIsRemoved() throws Exception {
        try (SyslogServer server = new SyslogServer()) {
            kelp.run(
                            "run",
                            "--rm",
                            "--net=host",
                            "--log-driver=syslog",
                            "--log-opt",
                            "syslog-address=" + server.address(),
                            busybox(),
                            "sh",
                            "-c",
                            "for i in $(seq 1 500); do echo number $i; done")
                    .succeeded();
            Waiting.until(SOON, "all arrive", () -> server.lines.size() >= 500, server.lines::toString);
            assertThat(server.numbers())
                    .isEqualTo(IntStream.rangeClosed(1, 500).boxed().toList());
        }
    }

    @Test
    void nobodyListens() throws Exception {
        String address;
        try (SyslogServer server = new SyslogServer()) {
            address = server.address();
        }
        assertThat(kelp.run(
                                "run",
                                "-d",
                                "--net=host",
                                "--log-driver=syslog",
                                "--log-opt",
                                "syslog-address=" + address,
                                busybox(),
                                "true")
                        .expect(125)
                        .err())
                .contains("its log driver syslog reaches nobody");
    }

    @Test
    void aProgramTakesTheLog() throws Exception {
        Path folder = Files.createTempDirectory("kelp-log-");
        Path program = Files.writeString(folder.resolve("take"), """
                #!/bin/sh
                exec 5>&-
                cat <&3 >%1$s/out & cat <&4 >%1$s/err & wait
                echo "$CONTAINER_NAMESPACE $*" >%1$s/end
                """.formatted(folder));
        program.toFile().setExecutable(true);
        kelp.run(
                        "run",
                        "--rm",
                        "--net=host",
                        "--log-driver=binary://" + program + "?key=a%20value&flag",
                        busybox(),
                        "sh",
                        "-c",
                        "for i in $(seq 1 500); do echo number $i; done; echo error >&2")
                .succeeded();
        Waiting.until(SOON, "the program has ended", () -> Files.exists(folder.resolve("end")), () -> "not yet");
        assertThat(Files.readAllLines(folder.resolve("out")))
                .isEqualTo(IntStream.rangeClosed(1, 500)
                        .mapToObj(i -> "number " + i)
                        .toList());
        assertThat(folder.resolve("err")).hasContent("error");
        assertThat(folder.resolve("end")).hasContent("default key a value flag");
        assertThat(kelp.run("run", "--rm", "--log-driver=binary:///nowhere/at/all", busybox(), "true")
                        .expect(125)
                        .err())
                .contains("/nowhere/at/all");
    }

    @Test
    void asManyFilesAsMaxFileSays() {
        run(
                "limited",
                "for i in $(seq 1 200); do echo number $i; sleep 0.02; done; sleep 100",
                "--log-opt",
                "max-size=1k",
                "--log-opt",
                "max-file=3");
        Waiting.until(
                SOON,
                "all is written",
                () -> kelp.run("logs", "--tail", "1", "limited").text().contains("number 200"),
                () -> kelp.run("logs", "limited").text());
        List<Integer> kept = kelp.run("logs", "limited").succeeded().lines().stream()
                .map(l -> Integer.parseInt(l.substring(l.lastIndexOf(' ') + 1)))
                .toList();
        assertThat(kept)
                .isEqualTo(IntStream.rangeClosed(kept.getFirst(), 200).boxed().toList())
                .hasSizeGreaterThan(20)
                .hasSizeLessThan(150);
        Path log = Path.of(kelp.run("inspect", "-f", "{{.LogPath}}", "limited")
                .succeeded()
                .text()
                .strip());
        assertThat(log.resolveSibling(log.getFileName() + ".2")).exists();
        assertThat(Files.exists(log.resolveSibling(log.getFileName() + ".3"))).isFalse();
    }
}
