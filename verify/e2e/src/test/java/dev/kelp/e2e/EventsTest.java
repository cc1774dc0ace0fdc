// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// `events`: Docker's words, the past and the present, also after the daemon was killed.
@Tag("e2e")
class EventsTest {
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
    }

    private static List<String> past(String container, String format) {
        return kelp.run(
                        "events",
                        "--since",
                        "1h",
                        "--until",
                        "0s",
                        "--filter",
                        "container=" + container,
                        "--format",
                        format)
                .succeeded()
                .lines();
    }

    @Test
    void aLifeInEvents() {
        kelp.run("run", "--rm", "--net=host", "--name", "brief", "--label", "a=b", busybox(), "sh", "-c", "exit 3")
                .expect(3);
        Waiting.until(
                SOON,
                "it is removed",
                () -> past("brief", "{{.Action}}").contains("destroy"),
                () -> past("brief", "json").toString());
        assertThat(past("brief", "{{.Action}}")).containsExactly("create", "attach", "start", "die", "destroy");
        assertThat(past("brief", "json").get(3))
                .contains("\"status\":\"die\"", "\"Type\":\"container\"", "\"Action\":\"die\"", "\"scope\":\"local\"")
                .contains("\"exitCode\":\"3\"", "\"name\":\"brief\"", "\"a\":\"b\"", "\"timeNano\":");
        assertThat(kelp.run("events", "--since", "1h", "--until", "0s", "--filter", "label=a=b", "-f", "event=start")
                        .succeeded()
                        .text())
                .matches("\\S+ container start [0-9a-f]{64} \\(a=b, image=.*, name=brief\\)");
    }

    private static List<String> pastOf(String filter, String format) {
        return kelp.run("events", "--since", "1h", "--until", "0s", "--filter", filter, "--format", format)
                .succeeded()
                .lines();
    }

    @Test
    void networksAndVolumesTellWhatHappensToThem() {
        kelp.run("network", "create", "front").succeeded();
        kelp.run("volume", "create", "data").succeeded();
        kelp.run("run", "-d", "--name", "user", "--network=front", "-v", "data:/d:ro", busybox(), "sleep", "1000")
                .succeeded();
        kelp.run("network", "disconnect", "front", "user").succeeded();
        kelp.run("network", "connect", "front", "user").succeeded();
        kelp.run("rm", "-f", "user").succeeded();
        kelp.run("network", "rm", "front").succeeded();
        kelp.run("volume", "rm", "data").succeeded();
        assertThat(pastOf("network=front", "{{.Action}} {{.Actor.Attributes.type}}"))
                .containsExactly(
                        "create bridge",
                        "connect bridge",
                        "disconnect bridge",
                        "connect bridge",
                        "disconnect bridge",
                        "destroy bridge");
        assertThat(pastOf("volume=data", "{{.Action}} {{.Actor.Attributes.driver}}"))
                .containsExactly("create local", "mount local", "unmount local", "destroy local");
        assertThat(pastOf("volume=data", "json").get(1))
                .contains("\"Type\":\"volume\"", "\"ID\":\"data\"", "\"destination\":\"/d\"", "\"container\":\"")
                .contains("\"read/write\":\"false\"", "\"scope\":\"local\"")
                .doesNotContain("\"status\"");
        // networks are the engine's: another namespace hears of the network, not of who is on it
        assertThat(kelp.run(
                                "--namespace=other",
                                "events",
                                "--since=1h",
                                "--until=0s",
                                "--filter=type=network",
                                "--filter=type=volume",
                                "--format={{.Type}} {{.Action}}")
                        .succeeded()
                        .lines())
                .contains("network create", "network destroy")
                .doesNotContain("network connect", "volume create");
    }

    @Test
    void historySurvivesTheDaemon() {
        kelp.run("run", "-d", "--net=host", "--name", "long", busybox(), "sleep", "1000")
                .succeeded();
        kelp.run("exec", "long", "true").succeeded();
        Waiting.until(
                SOON,
                "the exec has ended",
                () -> past("long", "{{.Action}}").contains("exec_die"),
                () -> past("long", "json").toString());
        List<String> before = past("long", "json");
        Leftovers.kill(kelp.daemonPid());
        assertThat(past("long", "json")).isEqualTo(before);
        kelp.run("stop", "-t", "1", "long").succeeded();
        List<String> actions = past("long", "{{.Action}}");
        assertThat(actions.subList(0, 5))
                .containsExactly("create", "start", "exec_create: true", "exec_start: true", "exec_die");
        assertThat(actions.subList(5, actions.size())).containsExactly("kill", "kill", "die", "stop");
    }

    @Test
    void eventsComeAsTheyHappen() {
        String listen = kelp.binary() + " events -f event=START -f event=destroy --format '{{.Action}}' | head -n 4";
        Program.Running events =
                Program.of("sh", "-c", listen).environment(kelp.environment()).start();
        // the pipe's reader goes after four lines; the listener ends at the next event
        Waiting.until(
                SOON,
                "the listener ends",
                () -> {
                    kelp.run("run", "--rm", "--net=host", busybox(), "true").succeeded();
                    return !events.isAlive();
                },
                () -> "it goes on");
        assertThat(events.await().lines()).hasSize(4).containsOnly("start", "destroy");
        Outcome bounded = kelp.run("events", "--since", "1h", "--until", "0s", "--filter", "event=start");
        assertThat(bounded.succeeded().lines()).isNotEmpty();
        assertThat(kelp.run("events", "--filter", "nonsense=1").expect(1).err()).contains("nonsense");
    }
}
