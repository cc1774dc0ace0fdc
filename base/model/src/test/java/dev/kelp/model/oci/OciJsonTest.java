// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OciJsonTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "a", "größe", "\ud83d\ude80", "a\"b\\", "\n"})
    void keysAreReadAgain(String key) {
        byte[] written = OciJson.write(Map.of(key, "v"));
        Object read = OciJson.read(written, Map.class, "it");
        assertThat(read).isEqualTo(Map.of(key, "v"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\udcff", "a\udcffb", "\ud83d", "\ude80\ud83d"})
    void keysThatNoReaderTakesAreNotWritten(String key) {
        assertThatThrownBy(() -> OciJson.write(Map.of("deep", Map.of(key, "v"))))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_ARGUMENT));
    }

    @Test
    void keysThatAreTooLongAreNotWritten() {
        assertThatThrownBy(() -> OciJson.write(Map.of("x".repeat(60_000), "v")))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("60000");
    }

    @Test
    void valuesOfOtherBytesAreReadAgain() {
        byte[] written = OciJson.write(Map.of("k", "a\udcffb"));
        Object read = OciJson.read(written, Map.class, "it");
        assertThat(read).isEqualTo(Map.of("k", "a\udcffb"));
    }
}
