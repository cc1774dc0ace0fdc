// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import dev.kelp.testkit.Terminal;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A launcher's command at a terminal.
@Tag("e2e")
class LauncherTerminalTest {
    @ParameterizedTest
    @MethodSource("dev.kelp.e2e.Launcher#all")
    void aShellHasTheTerminalAndItsKeys(Launcher launcher) {
        Launcher.requireOrdinaryUser();
        try (Terminal terminal = new Terminal(
                Map.of("R", launcher.folder().resolve("rootlesskit").toString(), "DASH", "inside> "))) {
            terminal.enter("\"$R\" env PS1=\"$DASH\" dash -i");
            terminal.awaitLine("inside>");
            terminal.enter("id -u; tty | cut -c1-8; echo $((6 * 7))");
            terminal.awaitLine("42");
            terminal.awaitLine("/dev/pts");
            // the key is the terminal's to send to the foreground job, and to nobody else
            terminal.enter("sleep 99");
            terminal.key("C-c");
            terminal.enter("echo code $?");
            terminal.awaitLine("code 130");
            terminal.resize(70, 20);
            terminal.enter("stty size");
            terminal.awaitLine("20 70");
            terminal.enter("exit 7");
            terminal.awaitPrompt();
            terminal.enter("echo left $?");
            terminal.awaitLine("left 7");
        }
    }

    /// Not asked of RootlessKit: Debian's goes on running.
    @Test
    void aJobIsStoppedAndGoesOn() {
        Launcher launcher = Launcher.kelp();
        Launcher.requireOrdinaryUser();
        try (Terminal terminal = new Terminal(
                Map.of("R", launcher.folder().resolve("rootlesskit").toString()))) {
            terminal.enter("\"$R\" sh -c 'echo up; read x; echo got $x'");
            terminal.awaitLine("up");
            terminal.key("C-z");
            terminal.awaitLine(".*Stopped.*");
            terminal.enter("fg");
            terminal.enter("word");
            terminal.awaitLine("got word");
            terminal.enter("");
            terminal.awaitPrompt();
        }
    }
}
