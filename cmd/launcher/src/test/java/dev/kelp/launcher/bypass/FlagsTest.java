// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FlagsTest {
    private static final List<Flags.Known> KNOWN = List.of(
            new Flags.Known("publish", "string", ""),
            new Flags.Known("ready-fd", "int", ""),
            new Flags.Known("debug", "", ""));

    private static Flags parse(String... words) {
        return Flags.parse(
                Stream.concat(Stream.of("/x/bypass4netns"), Arrays.stream(words))
                        .toList(),
                KNOWN);
    }

    @Test
    void readsAllWaysOfWriting() {
        Flags flags = parse("-p", "1:2", "-p3:4", "-p=5:6", "--publish=7:8", "--publish", "9:10", "--ready-fd=3");
        assertThat(flags.all("publish")).containsExactly("1:2", "3:4", "5:6", "7:8", "9:10");
        assertThat(flags.descriptor("ready-fd")).isEqualTo(3);
        assertThat(flags.on("debug")).isFalse();
        assertThat(parse("--debug").on("debug")).isTrue();
        assertThat(parse("--debug", "--debug=false").on("debug")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--nsagent", "-x", "word", "--publish", "--debug=perhaps", "-"})
    void refusesTheRest(String word) {
        assertThatThrownBy(() -> parse(word)).hasMessageContaining(word.startsWith("--") ? word.substring(2, 7) : word);
    }

    @ParameterizedTest
    @CsvSource({
        "--tracer, --handle-c2c-connections is not enabled",
        "--multinode, --multinode is not supported",
        "--ignore=10.0.0.1, not a subnet",
        "--ready-fd=x, it is no descriptor"
    })
    void theCommandSaysWhatItRefuses(String word, String reason) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream err = new PrintStream(said, true, StandardCharsets.UTF_8);
        Program program = new Program(
                List.of("bypass4netns", word), Map.of("XDG_RUNTIME_DIR", "/nowhere"), Path.of("/"), err, err);
        assertThat(program.run((cleaning, end) -> {})).isEqualTo(1);
        assertThat(said.toString(StandardCharsets.UTF_8))
                .contains("level=fatal")
                .contains(reason);
    }
}
