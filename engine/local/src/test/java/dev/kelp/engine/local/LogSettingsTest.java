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
        assertThat(LogSettings.of(Logging.DEFAULT)).isEqualTo(new LogSettings(true, 0, 1, false));
        assertThat(LogSettings.of(new Logging("none", Map.of())).isKept()).isFalse();
        assertThat(LogSettings.of(new Logging("local", Map.of())))
                .isEqualTo(new LogSettings(true, 20L << 20, 5, false));
        assertThat(LogSettings.of(new Logging("json-file", Map.of("max-size", "10m", "max-file", "3"))))
                .isEqualTo(new LogSettings(true, 10L << 20, 3, false));
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

    @ParameterizedTest
    @CsvSource({
        "syslog, syslog-address, http://x",
        "syslog, syslog-address, unix://relative",
        "syslog, syslog-address, tcp://host:99999",
        "syslog, syslog-format, rfc1",
        "syslog, syslog-facility, nobody",
        "syslog, max-size, 10m",
        "fluentd, fluentd-address, udp://x:1",
        "fluentd, fluentd-async, maybe",
        "fluentd, syslog-format, rfc3164",
        "journald, tag, {{.Nothing}}",
        "journald, tag, {{printf .ID}}",
        "journald, env-regex, [",
        "journald, cache-max-file, 0"
    })
    void wrongOptionsOfReceiversAreRefused(String driver, String option, String value) {
        assertThatThrownBy(() -> LogSettings.of(new Logging(driver, Map.of(option, value))))
                .isInstanceOf(KelpException.class);
    }

    @Test
    void whatIsSentOnIsKeptAsDockerDoes() {
        assertThat(LogSettings.of(
                        new Logging("syslog", Map.of("syslog-address", "udp://[::1]:5514", "tag", "a{{.ID}}"))))
                .isEqualTo(new LogSettings(true, 20L << 20, 5, true));
    }
}
