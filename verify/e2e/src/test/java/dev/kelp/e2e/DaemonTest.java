// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What does not depend on one daemon: containers, their output and exit codes, and what the user is told.
@Tag("e2e")
class DaemonTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String COUNT = "trap 'exit 7' TERM; i=0; while :; do echo $i; i=$((i+1)); sleep 0.02; done";

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

    private static void detached(String name, String script) {
        kelp.run("run", "-d", "--net=host", "--name", name, busybox(), "sh", "-c", script)
                .succeeded();
    }

    private static String inspect(String name, String template) {
        return kelp.run("inspect", "--format", template, name).succeeded().text();
    }

    private static void shell(int code, String script) {
        Program.of("sh", "-c", script)
                .environment(kelp.environment())
                .environment(Map.of("K", kelp.binary().toString(), "I", busybox()))
                .run()
                .expect(code);
    }

    @ParameterizedTest
    @ValueSource(strings = {"kill", "restart", "stop"})
    void tenContainersGoOn(String way) {
        List<String> names = IntStream.range(0, 10).mapToObj(i -> "ten" + i).toList();
        names.forEach(name -> detached(name, COUNT));
        List<String> pids =
                names.stream().map(name -> inspect(name, "{{.State.Pid}}")).toList();
        switch (way) {
            case "kill" -> Leftovers.kill(kelp.daemonPid());
            default -> kelp.run("system", way).succeeded();
        }
        assertThat(kelp.run("ps", "--format", "{{.Names}}").succeeded().lines())
                .containsExactlyInAnyOrderElementsOf(names);
        assertThat(names.stream().map(name -> inspect(name, "{{.State.Pid}}"))).isEqualTo(pids);
        assertThat(kelp.run("exec", "ten3", "echo", "in").succeeded().text()).isEqualTo("in");
        kelp.run(java.util.stream.Stream.concat(java.util.stream.Stream.of("stop"), names.stream())
                        .toArray(String[]::new))
                .succeeded();
        for (String name : names) {
            assertThat(inspect(name, "{{.State.ExitCode}}")).isEqualTo("7");
            List<String> lines = kelp.run("logs", name).succeeded().lines();
            assertThat(lines)
                    .isEqualTo(IntStream.range(0, lines.size())
                            .mapToObj(Integer::toString)
                            .toList())
                    .hasSizeGreaterThan(1);
        }
    }

    @Test
    void anExitCodeOfACommandOutlivesItsContainerAndTheDaemon() throws IOException {
        detached("short", "sleep 1000");
        long first = Long.parseLong(inspect("short", "{{.State.Pid}}"));
        Program.Running exec = kelp.command("exec", "short", "sh", "-c", "echo up; touch /up; sleep 1000")
                .start();
        Waiting.until(
                SOON,
                "it runs",
                () -> kelp.run("exec", "short", "test", "-e", "/up").exitCode() == 0,
                () -> "");
        Program.of("kill", "-STOP", Long.toString(kelp.holderPid())).run().succeeded();
        try {
            Program.of("kill", "-9", Long.toString(pidOfDaemon())).run().succeeded();
            Program.of("kill", "-9", Long.toString(first)).run().succeeded();
            Waiting.until(SOON, "it is gone", () -> !Files.exists(Path.of("/proc/" + first + "/exe")), () -> "there");
        } finally {
            Program.of(
                            "kill",
                            "-CONT",
                            Files.readString(kelp.runRoot().resolve("holder.pid"))
                                    .strip())
                    .run()
                    .succeeded();
        }
        Outcome outcome = exec.await().expect(137);
        assertThat(outcome.out()).isEqualTo("up\n");
    }

    private static long pidOfDaemon() throws IOException {
        String holder = Files.readString(kelp.runRoot().resolve("holder.pid")).strip();
        return Program.of("pgrep", "-P", holder, "java").run().succeeded().lines().stream()
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void restartKeepsWhatIsRemovedAtItsEnd() {
        kelp.run("run", "-d", "--rm", "--net=host", "--name", "kept", busybox(), "sh", "-c", COUNT)
                .succeeded();
        String pid = inspect("kept", "{{.State.Pid}}");
        kelp.run("restart", "kept").succeeded();
        assertThat(inspect("kept", "{{.State.Pid}}")).isNotEqualTo(pid).isNotEqualTo("0");
        kelp.run("stop", "kept").succeeded();
        Waiting.until(SOON, "it is removed", () -> kelp.run("ps", "-aq").text().isEmpty(), () -> "it is there");
    }

    @Test
    void aCommandTheKernelRefusesIs126And127(@TempDir Path folder) throws IOException {
        Path garbage = Files.writeString(folder.resolve("garbage"), "garbage");
        Path script = Files.writeString(folder.resolve("script"), "#!/no/such/interpreter\n");
        Program.of("chmod", "755", folder.toString(), garbage.toString(), script.toString())
                .run()
                .succeeded();
        for (String runtime : List.of("crun", "runc")) {
            for (Map.Entry<String, Integer> c :
                    Map.of("/x/garbage", 126, "/x/script", 127).entrySet()) {
                Outcome run = kelp.run(
                        "run", "--rm", "--net=host", "--runtime", runtime, "-v", folder + ":/x", busybox(), c.getKey());
                assertThat(run.exitCode()).as(run.toString()).isEqualTo(c.getValue());
                assertThat(run.err()).contains(c.getKey());
            }
        }
        kelp.run("run", "--rm", "--net=host", busybox(), "sh", "-c", "exit 1").expect(1);
    }

    @Test
    void wordsThatAreNotUtf8AreRefusedAndFilesOfSuchNamesUsed() {
        shell(
                125,
                "$K run --rm --net=host $I echo \"$(printf 'a\\377b')\" 2>\"$HOME/err\"; c=$?;"
                        + " grep -q 'not UTF-8' \"$HOME/err\" && exit $c");
        shell(
                0,
                "f=\"$HOME/$(printf 'env\\377')\"; echo A=b >\"$f\";"
                        + " test \"$($K run --rm --net=host --env-file \"$f\" $I sh -c 'echo $A')\" = b");
        shell(0, "export X=\"$(printf '\\377')\"; $K ps -q && ! $K run --rm --net=host -e X $I true 2>/dev/null");
        shell(0, "$K run --name odd --net=host $I sh -c 'mkdir \"/$(printf \"o\\377\")\"' && $K rm odd");
    }

    @Test
    void theHolderHasNotTheFirstClientsEnvironment() throws IOException {
        try (KelpCli fresh = new KelpCli()) {
            fresh.command("ps")
                    .environment(Map.of("A_SECRET", "of the user"))
                    .run()
                    .succeeded();
            String environment =
                    Files.readString(Path.of("/proc/" + fresh.holderPid() + "/environ"), StandardCharsets.ISO_8859_1);
            assertThat(environment).contains("KELP_DATA_ROOT=").doesNotContain("A_SECRET");
        }
    }

    @Test
    void aClientMayBeKilledWhileItCreates() {
        for (int i = 0; i < 5; i++) {
            Program.Running client =
                    kelp.command("run", "--rm", "--net=host", busybox(), "true").start();
            Leftovers.kill(kelp.daemonPid());
            client.await();
            // what was not acknowledged is not there once the next daemon has looked
            Waiting.until(
                    SOON,
                    "nothing is left",
                    () -> kelp.run("ps", "-aq").text().isEmpty(),
                    () -> kelp.run("ps", "-a").out());
        }
    }
}
