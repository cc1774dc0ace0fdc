// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.Engine;
import dev.kelp.testkit.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// Containers that stay: create, start, stop, restart, kill, rm, ps, logs, inspect, wait, exec.
@Tag("e2e")
@ParameterizedClass
@MethodSource("dev.kelp.e2e.Engines#all")
class LifecycleTest {
    /// Ends at once when told to.
    private static final String SERVICE = "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done";

    @Parameter
    Engine engine;

    @AfterEach
    void removeAll() {
        List<String> ids = engine.run("ps", "-aq").lines();
        if (!ids.isEmpty()) {
            engine.run(Stream.concat(Stream.of("rm", "-f"), ids.stream()).toArray(String[]::new));
        }
    }

    private String detached(String name, String script) {
        return engine.run("run", "-d", "--net=host", "--name", name, busybox(), "sh", "-c", script)
                .succeeded()
                .text();
    }

    private void awaitLog(String name, String text) {
        dev.kelp.testkit.Waiting.until(
                Duration.ofSeconds(10),
                "`" + text + "` in the log of " + name,
                () -> engine.run("logs", name).out().contains(text),
                () -> engine.run("logs", name).toString());
    }

    private String inspect(String name, String template) {
        return engine.run("inspect", "--format", template, name).succeeded().text();
    }

    @Test
    void removingByForceWhatRemovesItselfIsNoError() {
        for (int i = 0; i < 5; i++) {
            engine.run("run", "-d", "--rm", "--net=host", "--name", "fleeting", busybox(), "sh", "-c", SERVICE)
                    .succeeded();
            engine.run("rm", "-f", "fleeting").succeeded();
        }
    }

    @Test
    void aBoundFileMayBeReplacedBetweenRuns(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("settings"), "old\n");
        engine.run("create", "--name", "reader", "--net=host", "-v", file + ":/settings", busybox(), "cat", "/settings")
                .succeeded();
        assertThat(engine.run("start", "-a", "reader").succeeded().out()).isEqualTo("old\n");
        // as editors save: a new file under the old name
        Files.move(Files.writeString(folder.resolve("new"), "new\n"), file, StandardCopyOption.REPLACE_EXISTING);
        assertThat(engine.run("start", "-a", "reader").succeeded().out()).isEqualTo("new\n");
    }

    @Test
    void detachedPrintsTheIdAndLogsAreKept() {
        String id = detached("one", "echo out; echo err >&2");
        assertThat(id).matches("[0-9a-f]{64}");
        engine.run("wait", "one").succeeded();
        Outcome logs = engine.run("logs", "one").succeeded();
        assertThat(logs.out()).isEqualTo("out\n");
        assertThat(logs.err()).isEqualTo("err\n");
        assertThat(inspect("one", "{{.State.ExitCode}} {{.State.Status}}")).isEqualTo("0 exited");
    }

    @Test
    void createdIsNotStarted() {
        engine.run("create", "--name", "made", "--net=host", busybox(), "sh", "-c", SERVICE)
                .succeeded();
        assertThat(inspect("made", "{{.State.Status}}")).isEqualTo("created");
        assertThat(engine.run("ps", "-q").text()).isEmpty();
        engine.run("start", "made").succeeded();
        assertThat(inspect("made", "{{.State.Running}}")).isEqualTo("true");
    }

    @Test
    void stopSendsTermThenStartRunsItAgain() {
        detached("service", SERVICE);
        awaitLog("service", "up");
        engine.run("stop", "service").succeeded();
        assertThat(inspect("service", "{{.State.ExitCode}}")).isEqualTo("7");
        engine.run("start", "service").succeeded();
        dev.kelp.testkit.Waiting.until(
                Duration.ofSeconds(10),
                "a second `up`",
                () -> engine.run("logs", "service").lines().equals(List.of("up", "bye", "up")),
                () -> engine.run("logs", "service").out());
    }

    @Test
    void stopKillsWhatDoesNotListen() {
        detached("deaf", "trap '' TERM; echo up; while :; do sleep 0.05; done");
        awaitLog("deaf", "up");
        engine.run("stop", "-t", "1", "deaf").succeeded();
        assertThat(inspect("deaf", "{{.State.ExitCode}}")).isEqualTo("137");
    }

    @Test
    void restartGivesANewProcess() {
        detached("again", SERVICE);
        awaitLog("again", "up");
        String first = inspect("again", "{{.State.Pid}}");
        engine.run("restart", "again").succeeded();
        assertThat(inspect("again", "{{.State.Pid}}")).isNotEqualTo(first).isNotEqualTo("0");
    }

    @Test
    void killSendsTheSignal() {
        detached("target", "trap 'echo got usr1; exit 3' USR1; echo up; while :; do sleep 0.05; done");
        awaitLog("target", "up");
        engine.run("kill", "-s", "USR1", "target").succeeded();
        assertThat(engine.run("wait", "target").succeeded().text()).isEqualTo("3");
        awaitLog("target", "got usr1");
    }

    @Test
    void waitPrintsTheExitCodeOfOneThatEndedLongAgo() {
        detached("ended", "exit 42");
        assertThat(engine.run("wait", "ended").succeeded().text()).isEqualTo("42");
        assertThat(engine.run("wait", "ended").succeeded().text()).isEqualTo("42");
    }

    @Test
    void aRunningOneIsOnlyRemovedByForce() {
        detached("stubborn", SERVICE);
        assertThat(engine.run("rm", "stubborn").exitCode()).isNotZero();
        engine.run("rm", "-f", "stubborn").succeeded();
        assertThat(engine.run("ps", "-aq").text()).isEmpty();
    }

    @Test
    void aNameIsTakenOnce() {
        detached("twin", "true");
        Outcome second = engine.run("run", "-d", "--name", "twin", "--net=host", busybox(), "true")
                .expect(125);
        assertThat(second.err()).contains("twin");
    }

    @Test
    void anIdMayBeCutShort() {
        String id = detached("short", SERVICE);
        assertThat(inspect(id.substring(0, 6), "{{.Id}}")).isEqualTo(id);
        engine.run("rm", "-f", id.substring(0, 12)).succeeded();
    }

    @Test
    void psShowsRunningOnesAndAllWithTheFlag() {
        detached("running", SERVICE);
        detached("over", "true");
        engine.run("wait", "over").succeeded();
        assertThat(engine.run("ps", "--format", "{{.Names}}").succeeded().lines())
                .containsExactly("running");
        assertThat(engine.run("ps", "-a", "--format", "{{.Names}}").succeeded().lines())
                .containsExactlyInAnyOrder("running", "over");
        assertThat(engine.run("ps", "-a", "--filter", "status=exited", "--format", "{{.Names}}")
                        .succeeded()
                        .lines())
                .containsExactly("over");
    }

    @Test
    void execRunsBesideTheProcess() {
        detached("host", SERVICE);
        assertThat(engine.run("exec", "host", "sh", "-c", "echo hi; echo no >&2; exit 5")
                        .expect(5))
                .satisfies(outcome -> {
                    assertThat(outcome.out()).isEqualTo("hi\n");
                    assertThat(outcome.err()).isEqualTo("no\n");
                });
        assertThat(engine.run(
                                "exec",
                                "-e",
                                "A=b",
                                "-w",
                                "/tmp",
                                "-u",
                                "1000:1000",
                                "host",
                                "sh",
                                "-c",
                                "echo $A $PWD $(id -u)")
                        .succeeded()
                        .text())
                .isEqualTo("b /tmp 1000");
        assertThat(engine.command("exec", "-i", "host", "cat")
                        .input("piped")
                        .run()
                        .succeeded()
                        .out())
                .isEqualTo("piped");
        engine.run("exec", "host", "/no/such").expect(127);
    }

    @Test
    void execNeedsARunningOne() {
        detached("gone", "true");
        engine.run("wait", "gone").succeeded();
        Outcome outcome = engine.run("exec", "gone", "true");
        assertThat(outcome.exitCode()).isNotZero();
        assertThat(outcome.err()).contains("running");
    }

    @Test
    void logsFollowToTheEndAndTail() {
        detached("talker", "for i in 1 2 3 4 5; do echo line $i; sleep 0.1; done");
        assertThat(engine.run("logs", "-f", "talker").succeeded().lines())
                .containsExactly("line 1", "line 2", "line 3", "line 4", "line 5");
        assertThat(engine.run("logs", "--tail", "2", "talker").succeeded().lines())
                .containsExactly("line 4", "line 5");
        assertThat(engine.run("logs", "-t", "--tail", "1", "talker").succeeded().text())
                .matches("\\d{4}-\\d\\d-\\d\\dT\\S+ line 5");
    }

    @Test
    void startAttachedShowsOutputAndExitCode() {
        engine.run("create", "--name", "later", "--net=host", busybox(), "sh", "-c", "echo now; exit 9")
                .succeeded();
        assertThat(engine.run("start", "-a", "later").expect(9).out()).isEqualTo("now\n");
    }

    @Test
    void attachJoinsARunningOne() {
        detached("open", "sleep 0.7; echo later");
        assertThat(engine.run("attach", "open").succeeded().text()).isEqualTo("later");
    }

    @Test
    void sixteenAtOnce() {
        var started = IntStream.range(0, 16)
                .mapToObj(i -> engine.command(
                                "run", "--rm", "--net=host", busybox(), "sh", "-c", "echo " + i + "; exit " + i)
                        .start())
                .toList();
        for (int i = 0; i < started.size(); i++) {
            Outcome outcome = started.get(i).await().expect(i);
            if (engine.isKelp()) {
                // Podman 4.3 sometimes loses the output of a container that ends at once while others start.
                assertThat(outcome.text()).isEqualTo(Integer.toString(i));
            }
        }
        assertThat(engine.run("ps", "-aq").text()).isEmpty();
    }

    @Test
    void anUnknownOneIsNamedInTheError() {
        for (String command : List.of("start", "stop", "rm", "logs", "inspect", "kill")) {
            Outcome outcome = engine.run(command, "nobody-knows-it");
            assertThat(outcome.exitCode()).as(command).isNotZero();
            assertThat(outcome.err()).as(command).contains("nobody-knows-it");
        }
    }
}
