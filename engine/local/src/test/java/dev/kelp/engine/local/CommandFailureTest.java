// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CommandFailureTest {
    @ParameterizedTest
    @CsvSource({
        "'exec container process `/x/bad`: Exec format error', /x/bad, 126",
        "'exec container process `/bin/bad`: Exec format error', bad, 126",
        "'exec container process (missing dynamic library?) `/x/bad`: No such file or directory', /x/bad, 127",
        "'exec /x/bad: exec format error', /x/bad, 126",
        "'exec /x/bad: no such file or directory', /x/bad, 127",
        "'exec /x/bad: exec format error', /x/other, 0",
        "'exec /x/bad: something else', /x/bad, 0",
        "'/x/bad: exec format error', /x/bad, 0",
    })
    void knowsTheRuntimesWords(String line, String command, int code) {
        OptionalInt expected = code == 0 ? OptionalInt.empty() : OptionalInt.of(code);
        assertThat(CommandFailure.code(line + "\n", command)).isEqualTo(expected);
        assertThat(CommandFailure.code(line + "\r\n", command)).isEqualTo(expected);
    }

    @Test
    void countsOnlyAsAllThatThisRunSaid(@TempDir Path dir) throws IOException {
        String said = "2026-01-01T00:00:02.000000000+00:00 stderr F exec container process `/bad`: Exec format error\n";
        Path log = Files.writeString(
                dir.resolve("log"), "2026-01-01T00:00:00.000000000+00:00 stdout F of an earlier run\n" + said);
        Instant started = Instant.parse("2026-01-01T00:00:01Z");
        assertThat(CommandFailure.code(log, started, "/bad")).hasValue(126);
        assertThat(CommandFailure.code(log, Instant.EPOCH, "/bad")).isEmpty();
        Files.writeString(log, "2026-01-01T00:00:01.500000000+00:00 stdout F it runs\n" + said);
        assertThat(CommandFailure.code(log, started, "/bad")).isEmpty();
        assertThat(CommandFailure.code(dir.resolve("none"), started, "/bad")).isEmpty();
    }
}
