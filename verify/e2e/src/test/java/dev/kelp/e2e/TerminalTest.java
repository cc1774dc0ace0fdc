// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Terminal;
import dev.kelp.testkit.Waiting;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A user at a real terminal with a shell that has job control.
@Tag("e2e")
class TerminalTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static KelpCli kelp;
    private Terminal terminal;

    @BeforeAll
    static void open() {
        kelp = Engines.kelp();
    }

    @AfterAll
    static void close() {
        kelp.close();
    }

    @BeforeEach
    void openTerminal() {
        terminal = terminal();
    }

    @AfterEach
    void closeTerminal() {
        terminal.close();
        kelp.removeContainers();
        new Leftovers(kelp).awaitNothing();
    }

    private static Terminal terminal() {
        Map<String, String> environment = new HashMap<>(kelp.environment());
        environment.put("K", kelp.binary().toString());
        environment.put("I", busybox());
        return new Terminal(environment);
    }

    private static boolean runs(String name) {
        return kelp.run("ps", "--format", "{{.Names}}").lines().contains(name);
    }

    /// The state in /proc of the shell's children: `T` is stopped.
    private String childStates() {
        return Program.of("ps", "-o", "stat=", "--ppid", Long.toString(terminal.shellPid()))
                .run()
                .out();
    }

    @ParameterizedTest
    @ValueSource(strings = {"crun", "runc"})
    void aShellInAContainerAndAnotherByExec(String runtime) {
        terminal.enter("$K run -it --net=host --name shell --runtime " + runtime + " $I sh -c 'tty; read x; stty size;"
                + " sleep 1000 & wait; echo end; exit 7'");
        terminal.awaitLine("/dev/pts/0");
        terminal.resize(100, 30);
        Waiting.until(
                SOON, "the new size", () -> inside("stty size </dev/pts/0").equals("30 100"), terminal::screen);
        terminal.key("Enter");
        terminal.awaitLine("30 100");
        try (Terminal second = terminal()) {
            second.enter("$K exec -it shell sh -c 'stty size; read x; stty size; exit 4'; echo code $?");
            second.awaitLine("24 80");
            second.resize(90, 20);
            Waiting.until(
                    SOON, "the new size", () -> inside("stty size </dev/pts/1").equals("20 90"), second::screen);
            second.key("Enter");
            second.awaitLine("20 90");
            second.awaitLine("code 4");
        }
        terminal.key("C-p");
        terminal.key("C-q");
        terminal.awaitPrompt();
        assertThat(runs("shell")).isTrue();
    }

    private static String inside(String script) {
        return kelp.run("exec", "shell", "sh", "-c", script).text();
    }

    @Test
    void aProgramFindsTheSizeOfTheUsersTerminalWhenItStarts() {
        terminal.enter("$K run --rm -it --net=host $I stty size");
        terminal.awaitLine("24 80");
    }

    @Test
    void detachesAndAttachesAgainAndServesSeveral() {
        terminal.enter("$K run -it --net=host --name cat $I cat; echo code $?");
        Waiting.until(SOON, "it runs", () -> runs("cat"), terminal::screen);
        terminal.enter("first");
        terminal.awaitLine("first");
        terminal.key("C-p");
        terminal.key("C-q");
        terminal.awaitLine("code 0");
        assertThat(runs("cat")).isTrue();
        terminal.clear();
        terminal.enter("$K attach cat; echo code $?");
        try (Terminal second = terminal()) {
            second.enter("$K attach cat; echo code $?");
            // neither has said that it is attached before something comes
            Waiting.until(
                    SOON,
                    "both see what is typed",
                    () -> {
                        second.enter("hello");
                        return terminal.screen().contains("hello")
                                && second.screen().contains("hello\nhello");
                    },
                    () -> terminal.screen() + "\n--\n" + second.screen());
            second.key("C-d");
            second.awaitLine("code 0");
            terminal.awaitLine("code 0");
        }
    }

    @Test
    void aBackgroundJobStopsWhenItReadsTheTerminal() {
        terminal.enter("$K run -i --rm --net=host --name reader $I cat &");
        Waiting.until(SOON, "the job is stopped", () -> childStates().contains("T"), () -> childStates());
        terminal.enter("fg");
        terminal.enter("typed");
        terminal.awaitLine("typed");
        terminal.key("C-d");
        terminal.awaitPrompt();
    }

    @Test
    void aPullIsStoppedAndGoesOn() {
        String image = Engines.registry().push(Engines.images().layered(2), "stopped:latest");
        // the shell stops the job itself, before it has said a word or in the middle
        terminal.enter("$K pull -q " + image + " & kill -STOP $!; sleep 0.2; fg; echo code $?");
        terminal.awaitLine("code 0");
        assertThat(kelp.run("images", "--format", "{{.Repository}}:{{.Tag}}").out())
                .contains(image);
    }

    @Test
    void aKilledClientLeavesAUsableTerminalAndARunningContainer() {
        terminal.enter("$K run -it --net=host --name left $I sh -c 'echo up; sleep 1000'");
        terminal.awaitLine("up");
        String client = Program.of("pgrep", "-P", Long.toString(terminal.shellPid()))
                .run()
                .lines()
                .getFirst();
        Program.of("kill", "-9", client).run().succeeded();
        terminal.awaitLine("Killed.*");
        terminal.enter("stty -a | grep -ow -e icanon -e echo -e isig | sort | xargs");
        terminal.awaitLine("echo icanon isig");
        assertThat(runs("left")).isTrue();
    }

    @Test
    void aSessionOutlivesTheDaemon() {
        terminal.enter("$K run -it --rm --net=host --name session $I sh; echo code $?");
        terminal.awaitLine("/ #");
        terminal.enter("x=1");
        Leftovers.kill(kelp.daemonPid());
        terminal.enter("echo still $((x + 1))");
        terminal.awaitLine("still 2");
        terminal.enter("exit 6");
        terminal.awaitLine("code 6");
        assertThat(kelp.run("ps", "-aq").text()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "container prune",
                "image prune",
                "image prune -a",
                "volume prune",
                "network prune",
                "system prune -a --volumes",
                "login localhost:1",
                "login -u someone localhost:1"
            })
    void ctrlCAtAPromptChangesNothing(String command) {
        kelp.run("create", "--name", "kept", "--net=none", busybox()).succeeded();
        kelp.run("volume", "create", "kept").succeeded();
        terminal.enter("$K " + command);
        terminal.awaitLine("(.*\\[y/N]|Username:|Password:).*");
        terminal.key("C-c");
        terminal.awaitPrompt();
        terminal.enter("echo code $?; stty -a | grep -ow -e icanon -e echo -e isig | sort | xargs");
        terminal.awaitLine(".*code 130");
        terminal.awaitLine("echo icanon isig");
        assertThat(kelp.run("ps", "-a", "--format={{.Names}}").lines()).containsExactly("kept");
        assertThat(kelp.run("volume", "ls", "-q").lines()).contains("kept");
        kelp.run("volume", "rm", "kept").succeeded();
    }
}
