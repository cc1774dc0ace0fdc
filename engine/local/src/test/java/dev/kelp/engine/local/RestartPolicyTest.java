// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RestartPolicyTest {
    @ParameterizedTest
    @CsvSource({
        "no, 1, 0, false",
        "always, 0, 99, true",
        "unless-stopped, 0, 99, true",
        "on-failure, 0, 0, false",
        "on-failure, 1, 99, true",
        "on-failure:2, 1, 1, true",
        "on-failure:2, 1, 2, false"
    })
    void decidesAfterAnEnd(String policy, int code, int restarts, boolean again) {
        assertThat(RestartPolicy.parse(policy).afterEnd(code, restarts)).isEqualTo(again);
    }

    @ParameterizedTest
    @CsvSource({
        "no, 1, false, false",
        "always, 0, true, true",
        "unless-stopped, 0, true, false",
        "unless-stopped, 0, false, true",
        "on-failure, 0, false, false",
        "on-failure, 255, false, true",
        "on-failure, 143, true, false"
    })
    void decidesWhenTheEngineStarts(String policy, int code, boolean stopped, boolean starts) {
        assertThat(RestartPolicy.parse(policy).atEngineStart(code, 0, stopped)).isEqualTo(starts);
    }

    @Test
    void pausesGrowUntilARunWasLongEnough() {
        List<Long> pauses = new java.util.ArrayList<>();
        long pause = 0;
        for (int i = 0; i < 12; i++) {
            pause = RestartPolicy.pauseMillis(pause, 9_999);
            pauses.add(pause);
        }
        assertThat(pauses)
                .containsExactly(
                        100L, 200L, 400L, 800L, 1_600L, 3_200L, 6_400L, 12_800L, 25_600L, 51_200L, 60_000L, 60_000L);
        assertThat(RestartPolicy.pauseMillis(60_000, 10_000)).isEqualTo(100);
        assertThat(RestartPolicy.pauseMillis(100, -3_600_000))
                .as("after a run during which the clock was set back")
                .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sometimes", "always:1", "on-failure:", "on-failure:-1", "on-failure:x", "ALWAYS"})
    void refusesWhatIsNone(String text) {
        assertThatThrownBy(() -> RestartPolicy.parse(text))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining(text);
    }
}
