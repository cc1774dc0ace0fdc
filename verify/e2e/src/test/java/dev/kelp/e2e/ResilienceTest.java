// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.Folders;
import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// What happens when a part of Kelp is killed, when two commands meet, and when a start fails.
@Tag("e2e")
class ResilienceTest {
    private static final String SERVICE = "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done";
    private static final Duration SOON = Duration.ofSeconds(20);

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
        new Leftovers(kelp).awaitNothing();
    }

    private static String detached(String name, String script) {
        return kelp.run("run", "-d", "--net=host", "--name", name, busybox(), "sh", "-c", script)
                .succeeded()
                .text();
    }

    private static String inspect(String name, String template) {
        return kelp.run("inspect", "--format", template, name).succeeded().text();
    }

    private static void awaitLog(String name, List<String> lines) {
        Waiting.until(
                SOON,
                "the log of " + name + " is " + lines,
                () -> kelp.run("logs", name).lines().equals(lines),
                () -> kelp.run("logs", name).toString());
    }

    @Test
    void containersOutliveTheHolder() {
        detached("service", SERVICE);
        detached("worker", "sleep 1; echo done; exit 9");
        awaitLog("service", List.of("up"));
        long daemon = kelp.daemonPid();
        Leftovers.kill(kelp.holderPid());
        Leftovers.awaitEnd(daemon);
        assertThat(kelp.run("ps", "--format", "{{.Names}}").succeeded().lines()).contains("service");
        assertThat(kelp.run("exec", "service", "echo", "in").succeeded().text()).isEqualTo("in");
        assertThat(kelp.run("wait", "worker").succeeded().text()).isEqualTo("9");
        awaitLog("worker", List.of("done"));
        kelp.run("stop", "service").succeeded();
        assertThat(inspect("service", "{{.State.ExitCode}}")).isEqualTo("7");
        awaitLog("service", List.of("up", "bye"));
        kelp.run("start", "service").succeeded();
        kelp.run("rm", "-f", "service").succeeded();
    }

    @Test
    void anAttachedClientOutlivesTheDaemon() {
        Program.Running client = kelp.command(
                        "run", "--rm", "--net=host", busybox(), "sh", "-c", "echo up; sleep 2; echo down; exit 5")
                .start();
        Waiting.until(SOON, "it runs", () -> !kelp.run("ps", "-q").text().isEmpty(), () -> "no container");
        Leftovers.kill(kelp.daemonPid());
        assertThat(client.await().expect(5).out()).isEqualTo("up\ndown\n");
        assertThat(kelp.run("ps", "-aq").text()).isEmpty();
    }

    @Test
    void aContainerEndsWithItsMonitor() throws IOException {
        String id = detached("orphan", SERVICE);
        long first = Long.parseLong(inspect("orphan", "{{.State.Pid}}"));
        Path monitor = kelp.runRoot().resolve("containers").resolve(id).resolve("conmon.pid");
        Leftovers.kill(Long.parseLong(Files.readString(monitor).strip()));
        assertThat(kelp.run("wait", "orphan").succeeded().text()).isEqualTo("137");
        Waiting.until(SOON, "the process is gone", () -> !Files.exists(Path.of("/proc/" + first)), () -> "it is there");
        kelp.run("start", "orphan").succeeded();
        assertThat(inspect("orphan", "{{.State.Running}}")).isEqualTo("true");
    }

    @Test
    void startsOfOneContainerMeet() {
        kelp.run("create", "--name", "one", "--net=host", busybox(), "sh", "-c", SERVICE)
                .succeeded();
        all("start", "one").forEach(Outcome::succeeded);
        awaitLog("one", List.of("up"));
    }

    @Test
    void stopKillAndRemoveMeet() {
        detached("busy", "trap '' TERM; sleep 1000");
        var commands = Stream.of(
                        kelp.command("stop", "-t", "5", "busy"),
                        kelp.command("kill", "busy"),
                        kelp.command("rm", "-f", "busy"))
                .map(Program::start)
                .toList();
        commands.forEach(c -> assertThat(c.await().exitCode()).isBetween(0, 1));
        assertThat(kelp.run("ps", "-aq").text()).isEmpty();
    }

    @Test
    void removalByForceMeetsAStart() {
        for (int i = 0; i < 5; i++) {
            kelp.run("create", "--name", "brief", "--net=host", busybox(), "sh", "-c", SERVICE)
                    .succeeded();
            Program.Running start = kelp.command("start", "brief").start();
            kelp.run("rm", "-f", "brief").succeeded();
            Outcome started = start.await();
            assertThat(started.exitCode() == 0 || started.err().contains("no such container"))
                    .as(started.toString())
                    .isTrue();
        }
    }

    private static List<Outcome> all(String... words) {
        var running =
                IntStream.range(0, 4).mapToObj(i -> kelp.command(words).start()).toList();
        return running.stream().map(Program.Running::await).toList();
    }

    @Test
    void firstClientsTogetherMakeOneEngine() {
        kelp.run("system", "stop").succeeded();
        all("run", "--rm", "--net=host", busybox(), "echo", "first")
                .forEach(o -> assertThat(o.succeeded().text()).isEqualTo("first"));
    }

    @Test
    void whatDoesNotStartAndIsNotKeptIsRemoved() {
        kelp.run("run", "--rm", "--net=host", "--runtime", "missing", busybox(), "true")
                .expect(125);
        kelp.run("run", "--rm", "--net=host", "-u", "nobody-knows", busybox(), "true")
                .expect(125);
        kelp.run("run", "--rm", "--net=host", "-w", "relative", busybox(), "true")
                .expect(125);
        kelp.run("run", "--rm", "--net=host", "-e", "PATH=", busybox(), "echo").expect(127);
        kelp.run("run", "-d", "--rm", "--net=host", busybox(), "/no/such").expect(127);
        assertThat(kelp.run("ps", "-aq").text()).isEmpty();
    }

    @Test
    void readersThatLeaveOrLag() {
        detached("chatty", "i=0; while :; do echo $i; i=$((i+1)); done");
        Outcome head = Program.of("sh", "-c", kelp.binary() + " logs -f chatty | head -n 1")
                .environment(kelp.environment())
                .run();
        assertThat(head.out()).isEqualTo("0\n");
        kelp.run("rm", "-f", "chatty").succeeded();
        String run = kelp.binary() + " run --rm --net=host " + busybox()
                + " dd if=/dev/zero bs=1M count=50 2>/dev/null | (sleep 1; wc -c)";
        assertThat(Program.of("sh", "-c", run)
                        .environment(kelp.environment())
                        .run()
                        .text())
                .isEqualTo("52428800");
    }

    @Test
    void aDataRootIsNotAnsweredByAnotherOnesEngine() {
        Outcome outcome = Program.of(kelp.binary().toString(), "ps")
                .environment(kelp.environment())
                .environment(
                        Map.of("KELP_DATA_ROOT", kelp.home().resolve("other").toString()))
                .run()
                .expect(125);
        assertThat(outcome.err()).contains("has another one").contains("KELP_RUN_ROOT");
    }

    @Test
    void whoeverHasTheDataRootAnswersForIt() {
        Program.of(kelp.binary().toString(), "ps")
                .environment(kelp.environment())
                .run()
                .succeeded();
        Outcome status = Program.of(kelp.binary().toString(), "system", "status")
                .environment(kelp.environment())
                .environment(Map.of("KELP_RUN_ROOT", kelp.home() + "/other-run"))
                .run()
                .succeeded();
        assertThat(status.text())
                .contains("state: ready")
                .contains("run root: " + kelp.environment().get("KELP_RUN_ROOT"));
    }

    @Test
    void aHomeThatCannotBeWrittenIsNamed() throws IOException {
        if (Folders.isRoot()) {
            System.err.println("root may write everywhere: not tested");
            return;
        }
        Path home = Files.createDirectory(kelp.home().resolve("fixed"));
        Program.of("chmod", "500", home.toString()).run().succeeded();
        Outcome outcome = Program.of(kelp.binary().toString(), "ps")
                .environment(Map.of("HOME", home.toString(), "KELP_DATA_ROOT", "", "XDG_DATA_HOME", ""))
                .environment(Map.of("KELP_RUN_ROOT", kelp.home() + "/run"))
                .run()
                .expect(125);
        assertThat(outcome.err()).contains(home.toString()).containsIgnoringCase("permission denied");
    }
}
