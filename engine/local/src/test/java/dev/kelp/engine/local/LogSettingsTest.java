// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.Logging;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogSettingsTest {
    @Test
    void driversKeepWhatDockersDo() {
        assertThat(LogSettings.of(Logging.DEFAULT)).isEqualTo(new LogSettings(true, 0, 1));
        assertThat(LogSettings.of(new Logging("none", Map.of())).isKept()).isFalse();
        assertThat(LogSettings.of(new Logging("local", Map.of()))).isEqualTo(new LogSettings(true, 20L << 20, 5));
        assertThat(LogSettings.of(new Logging("json-file", Map.of("max-size", "10m", "max-file", "3"))))
                .isEqualTo(new LogSettings(true, 10L << 20, 3));
    }

    @ParameterizedTest
    @CsvSource({
        "max-size, ten",
        "max-size, 0",
        "max-size, -5",
        "max-file, 0",
        "max-file, 3",
        "max-file, many",
        "max-file, 101",
        "nonsense, 1"
    })
    void wrongOptionsAreRefused(String option, String value) {
        assertThatThrownBy(() -> LogSettings.of(new Logging("json-file", Map.of(option, value))))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining(option);
    }
}
