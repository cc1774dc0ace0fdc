// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {
    /// The table of docker/go-units' own test.
    @ParameterizedTest
    @CsvSource({
        "450ms,Less than a second",
        "1s,1 second",
        "45s,45 seconds",
        "46s,46 seconds",
        "59s,59 seconds",
        "60s,About a minute",
        "90s,About a minute",
        "3m,3 minutes",
        "35m,35 minutes",
        "40m,40 minutes",
        "60m,About an hour",
        "90m,2 hours",
        "165m,3 hours",
        "45h,45 hours",
        "47h,47 hours",
        "48h,2 days",
        "168h,7 days",
        "312h,13 days",
        "408h,2 weeks",
        "1080h,6 weeks",
        "1128h,6 weeks",
        "1440h,2 months",
        "2400h,3 months",
        "9480h,13 months",
        "16800h,23 months",
        "17520h,2 years",
        "28470h,3 years"
    })
    void durationsInWords(String duration, String words) {
        assertThat(Units.humanDuration(Timestamps.duration(duration).orElseThrow()))
                .isEqualTo(words);
    }

    @Test
    void whatIsYetToComeByAClockSetBackIsNow() {
        assertThat(Units.humanDuration(Duration.ofHours(-3))).isEqualTo("Less than a second");
    }

    @ParameterizedTest
    @CsvSource({"0,0.0 B", "1023,1023.0 B", "1024,1.0 KiB", "4404019,4.2 MiB", "2147483648,2.0 GiB"})
    void sizes(long bytes, String words) {
        assertThat(Units.binarySize(bytes)).isEqualTo(words);
    }

    @Test
    void negativeDurationsAreNow() {
        assertThat(Units.humanDuration(Duration.ofSeconds(-5))).isEqualTo("Less than a second");
    }

    @ParameterizedTest
    @CsvSource({
        "10m,2024-05-06T07:00:00Z",
        "1h30m,2024-05-06T05:40:00Z",
        "1.5s,2024-05-06T07:09:58.500Z",
        "2024-01-02,2024-01-01T23:00:00Z",
        "2024-01-02T03:04:05,2024-01-02T02:04:05Z",
        "2024-01-02T03:04:05Z,2024-01-02T03:04:05Z",
        "2024-01-02T03:04:05.123456789+02:00,2024-01-02T01:04:05.123456789Z",
        "1704164645,2024-01-02T03:04:05Z",
        "1704164645.5,2024-01-02T03:04:05.500Z"
    })
    void pointsInTime(String text, Instant expected) {
        Instant now = Instant.parse("2024-05-06T07:10:00Z");
        assertThat(Timestamps.parse(text, now, ZoneId.of("+01:00"))).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "10", "10x", "2024-13-01", "2024-01-01T99:00:00", "1h-5m", "99999999999999999h"})
    void noPointsInTime(String text) {
        if (text.equals("10")) {
            assertThat(Timestamps.parse(text, Instant.EPOCH, ZoneOffset.UTC)).isEqualTo(Instant.ofEpochSecond(10));
            return;
        }
        assertThatThrownBy(() -> Timestamps.parse(text, Instant.EPOCH, ZoneOffset.UTC))
                .isInstanceOf(KelpException.class);
    }

    @Test
    void logTimesHaveNineDigits() {
        assertThat(Timestamps.rfc3339Nano(Instant.ofEpochSecond(1, 5))).isEqualTo("1970-01-01T00:00:01.000000005Z");
    }
}
