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
        assertThat(LogSettings.of(Logging.DEFAULT)).isEqualTo(new LogSettings(true, 0));
        assertThat(LogSettings.of(new Logging("none", Map.of())).isKept()).isFalse();
        assertThat(LogSettings.of(new Logging("local", Map.of())).bytesMax()).isEqualTo(100L << 20);
        assertThat(LogSettings.of(new Logging("json-file", Map.of("max-size", "10m", "max-file", "3")))
                        .bytesMax())
                .isEqualTo(30L << 20);
    }

    @ParameterizedTest
    @CsvSource({
        "max-size, ten",
        "max-size, 0",
        "max-size, -5",
        "max-file, 0",
        "max-file, 3",
        "max-file, many",
        "nonsense, 1"
    })
    void wrongOptionsAreRefused(String option, String value) {
        assertThatThrownBy(() -> LogSettings.of(new Logging("json-file", Map.of(option, value))))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining(option);
    }
}
