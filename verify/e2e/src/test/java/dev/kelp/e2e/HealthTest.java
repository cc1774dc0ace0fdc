// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.TestImages;
import dev.kelp.testkit.Waiting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Health checks, run by the daemon for an ordinary user.
@Tag("e2e")
class HealthTest {
    private static final Duration SOON = Duration.ofSeconds(30);

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

    private static void detached(String name, String image, String... flags) {
        List<String> words = new ArrayList<>(List.of("run", "-d", "--net=host", "--name", name));
        words.addAll(List.of(flags));
        words.addAll(List.of(image, "sh", "-c", "while :; do sleep 0.1; done"));
        kelp.run(words.toArray(String[]::new)).succeeded();
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
    void statesFollowTheChecks() {
        detached(
                "web", busybox(), "--health-cmd", "test -e /ok", "--health-interval", "200ms", "--health-retries", "2");
        await("web", "{{.State.Health.Status}}", "unhealthy");
        assertThat(kelp.run("ps", "--format", "{{.Status}}").text()).endsWith("(unhealthy)");
        kelp.run("exec", "web", "touch", "/ok").succeeded();
        await("web", "{{.State.Health.Status}} {{.State.Health.FailingStreak}}", "healthy 0");
        assertThat(kelp.run("ps", "--filter", "health=healthy", "--format", "{{.Names}} {{.Status}}")
                        .text())
                .startsWith("web ")
                .endsWith("(healthy)");
        assertThat(kelp.run("ps", "-q", "--filter", "health=none").text()).isEmpty();
        Waiting.until(
                SOON,
                "five logs are kept",
                () -> inspect("web", "{{len .State.Health.Log}}").equals("5"),
                () -> kelp.run("inspect", "web").out());
        assertThat(kelp.run(
                                "events",
                                "--since",
                                "1h",
                                "--until",
                                "0s",
                                "--filter",
                                "event=health_status",
                                "--filter",
                                "container=web",
                                "--format",
                                "{{.Action}}")
                        .lines())
                .containsExactly("health_status: unhealthy", "health_status: healthy");
    }

    @Test
    void aCheckThatHangsIsEnded() {
        detached(
                "slow",
                busybox(),
                "--health-cmd",
                "echo begun; sleep 1234",
                "--health-interval",
                "100ms",
                "--health-timeout",
                "500ms",
                "--health-retries",
                "1");
        await("slow", "{{.State.Health.Status}}", "unhealthy");
        assertThat(inspect("slow", "{{with index .State.Health.Log 0}}{{.ExitCode}} {{.Output}}{{end}}"))
                .startsWith("-1 Health check exceeded timeout (500ms): begun");
    }

    @Test
    void whatIsKnownSurvivesTheDaemon() {
        detached("kept", busybox(), "--health-cmd", "echo fine", "--health-interval", "1h");
        assertThat(inspect("kept", "{{.State.Health.Status}}")).isEqualTo("starting");
        kelp.run("container", "healthcheck", "kept").succeeded();
        String before = inspect("kept", "{{json .State.Health}}");
        assertThat(before).contains("\"healthy\"").contains("fine");
        Leftovers.kill(kelp.daemonPid());
        assertThat(inspect("kept", "{{json .State.Health}}")).isEqualTo(before);
        kelp.run("container", "healthcheck", "kept").succeeded();
        assertThat(inspect("kept", "{{len .State.Health.Log}}")).isEqualTo("2");
        kelp.run("stop", "-t", "0", "kept").succeeded();
        assertThat(inspect("kept", "{{.State.Health.Status}}")).isEqualTo("unhealthy");
    }

    @Test
    void theImageSaysHowUnlessTheUserDoes() {
        String image = Engines.registry()
                .push(
                        Engines.images()
                                .image(
                                        List.of(Engines.images().busyboxRoot()),
                                        TestImages.Settings.SHELL.withExtra(
                                                "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"yes | head -c 9000\"],"
                                                        + "\"Interval\":300000000,\"Retries\":5}")),
                        "checked:latest");
        kelp.pull(image);
        detached("inherits", image);
        await("inherits", "{{.State.Health.Status}}", "healthy");
        assertThat(inspect("inherits", "{{with index .State.Health.Log 0}}{{len .Output}}{{end}}"))
                .isEqualTo("4096");
        assertThat(inspect("inherits", "{{.Config.Healthcheck.Retries}}")).isEqualTo("5");
        detached("without", image, "--no-healthcheck");
        assertThat(kelp.run("ps", "--filter", "name=without", "--format", "{{.Status}}")
                        .text())
                .doesNotContain("health");
        assertThat(kelp.run("container", "healthcheck", "without").expect(1).err())
                .contains("container has no health check configured");
        kelp.run("run", "--no-healthcheck", "--health-cmd", "true", busybox(), "true")
                .expect(125);
    }

    @Test
    void anUnhealthyContainerIsDealtWith() {
        detached(
                "again",
                busybox(),
                "--health-cmd",
                "false",
                "--health-interval",
                "200ms",
                "--health-retries",
                "1",
                "--health-on-failure",
                "kill",
                "--restart",
                "on-failure:1");
        await("again", "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}", "exited 1 137");
    }
}
