// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.Engine;
import dev.kelp.testkit.Outcome;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// Commands about single containers: top, stats, rename, port, pause, update; namespaces of others.
@Tag("e2e")
@ParameterizedClass
@MethodSource("dev.kelp.e2e.Engines#all")
class ContainerCommandsTest {
    @Parameter
    Engine engine;

    @AfterEach
    void removeAll() {
        List<String> ids = engine.run("ps", "-aq").lines();
        if (!ids.isEmpty()) {
            engine.run(Stream.concat(Stream.of("rm", "-f"), ids.stream()).toArray(String[]::new));
        }
    }

    private void running(String... options) {
        Stream<String> words = Stream.of(
                        Stream.of("run", "-d", "--net=host", "--name", "box"),
                        Stream.of(options),
                        Stream.of(busybox(), "sleep", "1234"))
                .flatMap(s -> s);
        engine.run(words.toArray(String[]::new)).succeeded();
    }

    private Outcome once(String... words) {
        return engine.run(Stream.concat(Stream.of("run", "--rm", "--net=host"), Stream.of(words))
                .toArray(String[]::new));
    }

    @Test
    void topShowsProcessesOfThisMachine() {
        running();
        String pid = engine.run("inspect", "--format", "{{.State.Pid}}", "box").text();
        assertThat(engine.run("top", "box").succeeded().out()).contains("sleep 1234");
        assertThat(engine.run("top", "box", "-o", "pid,args")
                        .succeeded()
                        .lines()
                        .getLast())
                .contains("sleep 1234")
                .contains(engine.isKelp() ? pid : "");
        assertThat(engine.run("top", "none").exitCode()).isNotZero();
        engine.run("stop", "-t", "0", "box").succeeded();
        assertThat(engine.run("top", "box").exitCode()).isNotZero();
    }

    @Test
    void renamedContainersKeepTheirIds() {
        running();
        String id = engine.run("inspect", "--format", "{{.Id}}", "box").text();
        engine.run("rename", "box", "other").succeeded();
        assertThat(engine.run("inspect", "--format", "{{.Id}}", "other").text()).isEqualTo(id);
        assertThat(engine.run("inspect", "box").exitCode()).isNotZero();
        running();
        assertThat(engine.run("rename", "box", "other").exitCode()).isNotZero();
        assertThat(engine.run("rename", "box", "a b").exitCode()).isNotZero();
        engine.run("exec", "other", "true").succeeded();
    }

    @Test
    void namespacesOfAnotherContainerAreShared() {
        running("--hostname", "there", "--ipc", "shareable");
        assertThat(once("--pid", "container:box", busybox(), "cat", "/proc/1/cmdline")
                        .succeeded()
                        .out())
                .startsWith("sleep\0001234");
        String ipc = engine.run("exec", "box", "readlink", "/proc/self/ns/ipc").text();
        assertThat(once("--ipc", "container:box", busybox(), "readlink", "/proc/self/ns/ipc")
                        .succeeded()
                        .text())
                .isEqualTo(ipc);
        engine.run("stop", "-t", "0", "box").succeeded();
        if (engine.isKelp()) {
            // podman starts the other one
            assertThat(once("--pid", "container:box", busybox(), "true").exitCode())
                    .isEqualTo(125);
        }
        assertThat(once("--pid", "container:none", busybox(), "true").exitCode())
                .isEqualTo(125);
    }

    @Test
    void oneStreamAlone() {
        String script = "echo out; echo err >&2";
        Outcome out = once("-a", "stdout", busybox(), "sh", "-c", script).succeeded();
        assertThat(out.out()).isEqualTo("out\n");
        assertThat(out.err()).isEmpty();
        Outcome err = once("-a", "stderr", busybox(), "sh", "-c", script).succeeded();
        assertThat(err.out()).isEmpty();
        assertThat(err.err()).isEqualTo("err\n");
    }

    @Test
    void theTimeoutEndsIt() {
        assertThat(once("--timeout", "1", busybox(), "sleep", "100").exitCode()).isNotZero();
    }

    @Test
    void flagsOfTheProcess() {
        assertThat(once("--tz", "Asia/Tokyo", busybox(), "date", "+%z")
                        .succeeded()
                        .text())
                .isEqualTo("+0900");
        assertThat(once("--security-opt", "mask=/etc/passwd", busybox(), "cat", "/etc/passwd")
                        .succeeded()
                        .out())
                .isEmpty();
        assertThat(once("-e", "A=1", "--unsetenv-all", busybox(), "/bin/sh", "-c", "echo $A")
                        .succeeded()
                        .text())
                .isEqualTo("1");
        assertThat(once("--tz", "No/Where", busybox(), "true").exitCode()).isEqualTo(125);
    }

    @Test
    void statsCountWhatLives() {
        Assumptions.assumeTrue(engine.isKelp(), "podman has no figures without a cgroup");
        running();
        String line = engine.run("stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}} {{.NetIO}}", "box")
                .succeeded()
                .text();
        assertThat(line).isEqualTo("box 1 -- / --");
        assertThat(engine.run("stats", "--no-stream", "none").exitCode()).isEqualTo(1);
    }

    @Test
    void replacingTakesTheName() {
        running();
        String id = engine.run("inspect", "--format", "{{.Id}}", "box").text();
        running("--replace");
        assertThat(engine.run("inspect", "--format", "{{.Id}}", "box").text()).isNotEqualTo(id);
    }
}
