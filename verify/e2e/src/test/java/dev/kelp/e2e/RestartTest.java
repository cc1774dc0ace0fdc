// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.Folders;
import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// `--restart`: after an end, after the daemon was killed, and after everything but the data was lost.
@Tag("e2e")
class RestartTest {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final String FOR_EVER = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

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

    private static void detached(String name, String policy, String script) {
        kelp.run("run", "-d", "--net=host", "--restart", policy, "--name", name, busybox(), "sh", "-c", script)
                .succeeded();
    }

    private static String inspect(String name, String template) {
        return kelp.run("inspect", "--format", template, name).succeeded().text();
    }

    private static void await(String name, String template, String value) {
        Waiting.until(
                SOON,
                name + ": " + template + " is " + value,
                () -> inspect(name, template).equals(value),
                () -> kelp.run("inspect", name).out());
    }

    @Test
    void failuresAreTriedAgainSoManyTimes() {
        detached("fails", "on-failure:2", "echo x; exit 3");
        await("fails", "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}", "exited 2 3");
        assertThat(kelp.run("logs", "fails").succeeded().lines()).hasSize(3);
        detached("works", "on-failure", "exit 0");
        await("works", "{{.State.Status}} {{.RestartCount}}", "exited 0");
    }

    @Test
    void whatTheUserStopsStaysStopped() {
        detached("short", "always", "exit 1");
        // by then the pause is long enough to look at it
        await("short", "{{.State.Status}} {{.RestartCount}}", "restarting 4");
        assertThat(kelp.run("rm", "short").expect(1).err()).contains("restarting");
        kelp.run("stop", "short").succeeded();
        String count = inspect("short", "{{.State.Status}} {{.RestartCount}}");
        assertThat(count).startsWith("exited ");
        detached("long", "unless-stopped", FOR_EVER);
        kelp.run("kill", "-s", "KILL", "long").succeeded();
        await("long", "{{.State.Status}}", "exited");
        assertThat(inspect("short", "{{.State.Status}} {{.RestartCount}}")).isEqualTo(count);
    }

    @Test
    void anEndNobodyAskedForIsFollowedByAStart() {
        detached("killed", "always", FOR_EVER);
        Leftovers.kill(Long.parseLong(inspect("killed", "{{.State.Pid}}")));
        await("killed", "{{.State.Running}} {{.RestartCount}}", "true 1");
    }

    @Test
    void aContainerThatEndsWithoutADaemonIsStartedByTheNext() {
        detached("orphan", "always", "sleep 1; exit 4");
        detached("stopped", "always", FOR_EVER);
        detached("left", "unless-stopped", FOR_EVER);
        kelp.run("stop", "-t", "2", "stopped", "left").succeeded();
        Leftovers.kill(kelp.daemonPid());
        Waiting.until(
                SOON,
                "orphan is started again",
                () -> Integer.parseInt(inspect("orphan", "{{.RestartCount}}")) > 0,
                () -> kelp.run("inspect", "orphan").out());
        // as Docker has it: only `unless-stopped` remembers that the user stopped it
        await("stopped", "{{.State.Status}}", "running");
        assertThat(inspect("left", "{{.State.Status}}")).isEqualTo("exited");
    }

    @Test
    void afterTheMachineWentDownTheirPoliciesStartThem() throws IOException {
        List<Long> processes = new ArrayList<>();
        for (String policy : List.of("always", "unless-stopped", "no")) {
            detached(policy, policy, FOR_EVER);
            Path folder = kelp.runRoot().resolve("containers").resolve(inspect(policy, "{{.Id}}"));
            processes.add(Long.parseLong(
                    Files.readString(folder.resolve("conmon.pid")).strip()));
            processes.add(Long.parseLong(inspect(policy, "{{.State.Pid}}")));
        }
        kelp.run("system", "stop").succeeded();
        processes.forEach(Leftovers::kill);
        processes.forEach(Leftovers::awaitEnd);
        Folders.delete(kelp.runRoot());
        await("always", "{{.State.Running}}", "true");
        await("unless-stopped", "{{.State.Running}}", "true");
        assertThat(inspect("no", "{{.State.Status}} {{.State.ExitCode}}")).isEqualTo("exited 255");
    }

    @Test
    void removedAtItsEndAndRestartedExcludeEachOther() {
        assertThat(kelp.run("run", "--rm", "--restart", "always", busybox(), "true")
                        .expect(125)
                        .err())
                .contains("--rm")
                .contains("--restart");
        assertThat(kelp.run("run", "--restart", "sometimes", busybox(), "true")
                        .expect(125)
                        .err())
                .contains("sometimes");
    }
}
