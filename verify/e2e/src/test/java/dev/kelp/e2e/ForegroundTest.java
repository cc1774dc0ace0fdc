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
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// `kelp system start --foreground`: what service managers start.
@Tag("e2e")
class ForegroundTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int SIGUSR1 = 10;
    private static final int SIGTERM = 15;

    /// Ready once the pipe says so, as s6 is told.
    private static final String READY = "exec 3>\"$1\"; export KELP_READY_FD=3; exec \"$0\" system start --foreground";

    private static Program.Running started(KelpCli kelp, Map<String, String> variables) throws Exception {
        Path ready = Files.createTempFile("kelp-ready", "");
        Program.Running service = Program.of("sh", "-c", READY, kelp.binary().toString(), ready.toString())
                .environment(kelp.environment())
                .environment(variables)
                .start();
        Waiting.until(
                SOON,
                "it is ready",
                () -> ready.toFile().length() > 0,
                () -> service.isAlive() + " " + kelp.daemonLog());
        Files.delete(ready);
        return service;
    }

    private static void signal(String name, Program.Running service) {
        signal(name, service.pid());
    }

    private static void signal(String name, long pid) {
        Program.of("kill", "-" + name, Long.toString(pid)).run().succeeded();
    }

    private static long pidOf(KelpCli kelp, String container) {
        return Long.parseLong(kelp.run("inspect", "--format", "{{.State.Pid}}", container)
                .succeeded()
                .text());
    }

    @Test
    void noRestartStopsAContainer() throws Exception {
        try (KelpCli kelp = new KelpCli()) {
            Program.Running service = started(kelp, Map.of());
            kelp.pull(busybox());
            kelp.run("run", "-d", "--name", "web", busybox(), "sleep", "1000").succeeded();
            long container = pidOf(kelp, "web");
            long holder = kelp.holderPid();
            long daemon = kelp.daemonPid();
            signal("TERM", service);
            Outcome end = service.await().succeeded();
            assertThat(end.err()).contains("containers run, so the engine stays");
            assertThat(kelp.daemonPid()).isEqualTo(daemon);

            Program.Running next = started(kelp, Map.of(PREFIX + "DETACH_NETNS", "false"));
            assertThat(kelp.daemonPid()).as("another daemon").isNotEqualTo(daemon);
            assertThat(kelp.holderPid()).isEqualTo(holder);
            assertThat(pidOf(kelp, "web")).isEqualTo(container);
            assertThat(kelp.run("run", "--rm", busybox(), "true").succeeded().err())
                    .as("what shapes the namespaces waits")
                    .contains(PREFIX + "DETACH_NETNS: counts when no container runs");

            long before = kelp.daemonPid();
            signal("HUP", next);
            Waiting.until(SOON, "another daemon", () -> kelp.daemonPid() != before, kelp::daemonLog);
            assertThat(pidOf(kelp, "web")).isEqualTo(container);
            assertThat(next.isAlive()).isTrue();

            kelp.run("rm", "-f", "web").succeeded();
            signal("TERM", next);
            next.await().succeeded();
            assertThat(kelp.run("system", "status").expect(1).text()).isEqualTo("state: not running");
        }
    }

    @Test
    void withoutContainersAllSettingsCountAtOnce() throws Exception {
        assumeTrue(Files.exists(Path.of("/usr/bin/pasta")), "pasta is not installed");
        try (KelpCli kelp = new KelpCli()) {
            kelp.run("ps").succeeded();
            long holder = kelp.holderPid();
            Program.Running service = started(kelp, Map.of(PREFIX + "NET", "pasta"));
            assertThat(kelp.holderPid()).isNotEqualTo(holder);
            kelp.run("run", "-d", "--name", "web", "--rootfs", "/", "sleep", "100")
                    .succeeded();
            assertThat(NetworkSettingsTest.driverPid(kelp, "pasta")).isPresent();
            kelp.run("rm", "-f", "web").succeeded();

            // somebody stops the engine: that is no failure
            kelp.run("system", "stop").succeeded();
            service.await().succeeded();
        }
    }

    private static boolean asksForTheState(Program.Running service) {
        return ProcessHandle.of(service.pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .anyMatch(child -> child.info().commandLine().orElse("").endsWith("system status"));
    }

    /// It must know which containers there are, which the holder, stopped meanwhile, has not told yet.
    @Test
    void whoIsEndedAtOnceStopsNoContainer() {
        try (KelpCli kelp = new KelpCli()) {
            kelp.run("run", "-d", "--net=none", "--name", "web", "--rootfs", "/", "sleep", "1000")
                    .succeeded();
            long daemon = kelp.daemonPid();
            long holder = kelp.holderPid();
            signal("STOP", holder);
            Program.Running service;
            try {
                service = kelp.command("system", "start", "--foreground").start();
                Waiting.until(SOON, "it asks", () -> asksForTheState(service), () -> service.isAlive() + "");
                signal("TERM", service);
            } finally {
                signal("CONT", holder);
            }
            assertThat(service.await().succeeded().err()).contains("containers run, so the engine stays");
            assertThat(kelp.daemonPid()).isEqualTo(daemon);
        }
    }

    @Test
    void itEndsWithTheEngine() throws Exception {
        try (KelpCli kelp = new KelpCli()) {
            Program.Running service = started(kelp, Map.of());
            Leftovers.kill(kelp.holderPid());
            service.await().expect(1);
        }
    }

    @Test
    void aNewEngineHasTheSettingsItIsStartedWith() throws Exception {
        try (KelpCli kelp = new KelpCli()) {
            Program.Running first = started(kelp, Map.of());
            kelp.run("run", "-d", "--net=none", "--name", "web", "--rootfs", "/", "sleep", "1000")
                    .succeeded();
            signal("TERM", first);
            first.await().succeeded();
            Program.Running second = started(kelp, Map.of(PREFIX + "NET", "wormhole"));
            assertThat(kelp.run("run", "--rm", "--rootfs", "/", "true")
                            .expect(125)
                            .err())
                    .contains("unknown " + PREFIX + "NET value: wormhole");
            kelp.run("rm", "-f", "web").succeeded();
            kelp.run("system", "stop").succeeded();
            second.await().succeeded();

            Program.Running third = started(kelp, Map.of());
            kelp.run("run", "--rm", "--rootfs", "/", "true").succeeded();
            kelp.run("system", "stop").succeeded();
            third.await().succeeded();
        }
    }

    @Test
    void onlyItsOwnWordsStartIt() throws Exception {
        try (KelpCli kelp = new KelpCli()) {
            kelp.run("--foreground").expect(1);
            assertThat(kelp.run("system", "start", "setup", "check").expect(1).err())
                    .contains("unexpected argument `setup`");
        }
    }

    /// As systemd does with a socket unit: it listens, and starts the service when somebody asks. The socket gets
    /// its
    /// name when it listens.
    private static Program.Running listening(KelpCli kelp) throws Exception {
        String listen = "use Socket; $^F = 9; my $p = shift; socket(S, PF_UNIX, SOCK_STREAM, 0);"
                + " bind(S, sockaddr_un(\"$p.new\")) or die $!; listen(S, 9); rename(\"$p.new\", $p);"
                + " $ENV{LISTEN_FDS} = 1; $ENV{LISTEN_PID} = $$; my $r = ''; vec($r, fileno(S), 1) = 1;"
                + " select($r, undef, undef, undef); exec @ARGV";
        Path socket = Files.createDirectories(kelp.runRoot()).resolve("kelp.sock");
        Program.Running service = Program.of(
                        "perl", "-e", listen, socket.toString(), kelp.binary().toString())
                .with("system", "start", "--foreground")
                .environment(kelp.environment())
                .start();
        Waiting.until(SOON, "somebody listens", () -> Files.exists(socket), () -> service.isAlive() + "");
        return service;
    }

    @Test
    void whatNeedsOnlyTheHolderWaitsForThatOfTheService() throws Exception {
        try (KelpCli kelp = new KelpCli()) {
            Program.Running service = listening(kelp);
            assertThat(kelp.run("unshare", "id", "-u").succeeded().text()).isEqualTo("0");
            assertThat(service.isAlive()).isTrue();
            kelp.run("system", "stop").succeeded();
            service.await().succeeded();
        }
        try (KelpCli kelp = new KelpCli()) {
            Program.Running service = listening(kelp);
            kelp.run("system", "start").succeeded();
            assertThat(kelp.status("state")).isEqualTo("ready");
            kelp.run("system", "stop").succeeded();
            service.await().succeeded();
        }
    }

    @Test
    void theServiceWaitsForAHolderThatIsAboutToEnd() throws Exception {
        try (KelpCli kelp = new KelpCli()) {
            Path lock = Files.createDirectories(kelp.dataRoot()).resolve("lock");
            Path locked = kelp.home().resolve("locked");
            Program.Running ending = Program.of(
                            "flock", lock.toString(), "sh", "-c", "touch \"$0\"; sleep 3", locked.toString())
                    .start();
            Waiting.until(SOON, "it has the lock", () -> Files.exists(locked), () -> ending.isAlive() + "");
            Program.Running service = listening(kelp);
            kelp.run("ps").succeeded();
            kelp.run("system", "stop").succeeded();
            service.await().succeeded();
            ending.await().succeeded();
        }
    }

    @Test
    void aSocketOfTheServiceManagersIsTakenOver() throws Exception {
        try (KelpCli kelp = new KelpCli()) {
            Program.Running service = listening(kelp);
            Path socket = kelp.runRoot().resolve("kelp.sock");
            assertThat(kelp.run("system", "status").expect(1).text()).isEqualTo("state: not running");
            kelp.run("ps").succeeded();
            assertThat(service.isAlive()).isTrue();
            assertThat(kelp.run("ps", "-q").succeeded().text()).isEmpty();
            kelp.run("system", "stop").succeeded();
            service.await().succeeded();
            assertThat(socket).as("it is the service manager's").exists();
            Files.delete(socket);
        }
    }

    @Test
    void theNameOfTheStartScriptIsKnown() throws Exception {
        try (KelpCli kelp = new KelpCli()) {
            Path script = kelp.binary().resolveSibling("containerd-rootless.sh");
            boolean root = Files.getOwner(Path.of("/proc/self")).getName().equals("root");
            Outcome wrong = Program.of(script.toString(), "install", "-f")
                    .environment(kelp.environment())
                    .run()
                    .expect(1);
            assertThat(wrong.text())
                    .isEqualTo(
                            root
                                    ? "Must not run as root"
                                    : "Did you mean 'containerd-rootless-setuptool.sh install -f' ?");
            assumeTrue(!root, "the script is for ordinary users");
            assertThat(Program.of(script.toString())
                            .environment(kelp.environment())
                            .environment(Map.of(PREFIX + "DETACH_NETNS", "perhaps"))
                            .run()
                            .expect(1)
                            .err())
                    .contains("Unknown " + PREFIX + "DETACH_NETNS value: perhaps");
        }
    }

    private static boolean blocks(int signal, Program.Running client) {
        Path status = Path.of("/proc/" + client.pid() + "/status");
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("SigBlk:"))
                    .map(line -> Long.parseUnsignedLong(
                            line.substring("SigBlk:".length()).strip(), 16))
                    .anyMatch(mask -> (mask & 1L << (signal - 1)) != 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// systemd's socket takes connections while the service is still starting, or never does.
    @Test
    void whoWaitsForAnEngineThatDoesNotComeCanBeEnded() throws Exception {
        try (KelpCli kelp = new KelpCli();
                ServerSocketChannel nobody = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            Files.createDirectories(kelp.runRoot());
            nobody.bind(UnixDomainSocketAddress.of(kelp.runRoot().resolve("kelp.sock")));
            Program.Running client = kelp.command("info").start();
            // it keeps them for a second, which a busy machine may let pass unseen
            Instant over = Instant.now().plusSeconds(3);
            Waiting.until(
                    SOON,
                    "signals are kept for the engine",
                    () -> blocks(SIGTERM, client) || Instant.now().isAfter(over),
                    () -> client.isAlive() + "");
            Waiting.until(SOON, "and no longer", () -> !blocks(SIGTERM, client), () -> client.isAlive() + "");
            signal("TERM", client);
            Waiting.until(SOON, "the client ends", () -> !client.isAlive(), kelp::daemonLog);
            // its request lies here, and the ends of its outputs with it
            nobody.close();
            client.await().expect(143);
        }
    }

    private static long sockets(Program.Running client) {
        try (Stream<Path> files = Files.list(Path.of("/proc/" + client.pid() + "/fd"))) {
            return files.filter(file -> linksTo(file).startsWith("socket:")).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Empty where it was closed meanwhile.
    private static String linksTo(Path file) {
        try {
            return Files.readSymbolicLink(file).toString();
        } catch (IOException e) {
            return "";
        }
    }

    /// After a second of silence the client asks the holder why; the daemon may well be faster to answer.
    @Test
    void theContainerGetsSignalsThoughTheHolderAnswersLast() throws Exception {
        try (KelpCli kelp = new KelpCli()) {
            kelp.pull(busybox());
            String script = "trap 'exit 7' USR1; touch /up; while :; do sleep 0.1; done";
            kelp.run("run", "-d", "--net=none", "--name", "web", busybox(), "sh", "-c", script)
                    .succeeded();
            Waiting.until(
                    SOON,
                    "it runs",
                    () -> kelp.run("exec", "web", "test", "-e", "/up").exitCode() == 0,
                    () -> "no");
            long holder = kelp.holderPid();
            long daemon = kelp.daemonPid();
            signal("STOP", holder);
            signal("STOP", daemon);
            Program.Running client = kelp.command("attach", "web").start();
            long asking;
            try {
                Waiting.until(SOON, "it asks the holder", () -> sockets(client) == 2, () -> client.isAlive() + "");
                signal("CONT", daemon);
                Waiting.until(SOON, "it is attached", () -> blocks(SIGUSR1, client), () -> client.isAlive() + "");
                asking = sockets(client);
            } finally {
                signal("CONT", daemon);
                signal("CONT", holder);
            }
            Waiting.until(SOON, "it has the answer", () -> sockets(client) < asking, () -> client.isAlive() + "");
            signal("USR1", client);
            client.await().expect(7);
        }
    }
}
