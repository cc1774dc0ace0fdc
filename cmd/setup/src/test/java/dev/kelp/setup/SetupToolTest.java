// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.setup.check.Programs;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SetupToolTest {
    private static final String COMPATIBLE = "containerd-rootless-setuptool.sh";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// On this machine, where every program does as it is told; both outputs in one.
    private int run(String name, String... words) {
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        Programs programs = command -> new Programs.Answer(0, "");
        return new SetupTool(name, new Console(stream, stream, false), Map.of("HOME", "/tmp"), programs)
                .run(List.of(words));
    }

    private List<String> lines() {
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"setup", COMPATIBLE})
    void aWrongCommandIsNamed(String name) {
        assertThat(run(name, "instal")).isEqualTo(1);
        assertThat(lines()).containsExactly("[ERROR] Unknown command: instal. Run with --help to see the usage.");
    }

    @Test
    void noCommandIsNoCommand() {
        assertThat(run("setup")).isEqualTo(1);
        assertThat(lines())
                .containsExactly("[ERROR] No command was specified. Run with --help to see the usage."
                        + " Maybe you want to run `kelp setup install`?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-h"})
    void helpNamesTheCommands(String flag) {
        assertThat(run(COMPATIBLE, flag)).isZero();
        assertThat(lines()).anyMatch(l -> l.contains("Usage: " + COMPATIBLE)).anyMatch(l -> l.contains("check"));
    }

    @Test
    void anUnknownFlagIsNamed() {
        assertThat(run("setup", "check", "--nosuch")).isEqualTo(1);
        assertThat(lines()).singleElement().asString().contains("--nosuch");
    }

    @Test
    void anUnknownUserIsNamed() {
        assertThat(run("setup", "check", "--user", "nobody-of-that-name")).isEqualTo(1);
        assertThat(lines()).containsExactly("[ERROR] There is no user nobody-of-that-name in /etc/passwd");
    }

    /// Whether there is such a user or not.
    @Test
    void installForAnotherNeedsAnInit() {
        assertThat(run("setup", "install", "--user", "nobody-of-that-name")).isEqualTo(1);
        assertThat(lines()).containsExactly("[ERROR] --user and --to go with --init");
    }

    /// The lines of scripts' own program, and no other.
    @Test
    void theCompatibleNameKeepsItsLines() {
        run(COMPATIBLE, "check");
        assertThat(lines())
                .allMatch(l -> l.startsWith("[INFO] ") || l.startsWith("[WARNING] ") || l.startsWith("[ERROR] "));
        assertThat(lines().stream().filter(l -> l.startsWith("[INFO] Checking")).toList())
                .isIn(
                        List.of(
                                "[INFO] Checking RootlessKit functionality",
                                "[INFO] Checking cgroup v2",
                                "[INFO] Checking overlayfs"),
                        List.of()); // root is refused
    }
}
