// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.engine.Containers.Usage;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class StatsRowTest {
    private static Usage usage(long millis, long cpuMillis) {
        return new Usage(
                Instant.ofEpochMilli(millis),
                cpuMillis * 1_000_000,
                3 << 20,
                6 << 20,
                OptionalLong.of(1500),
                OptionalLong.of(45_600_000),
                OptionalLong.of(0),
                OptionalLong.empty(),
                4,
                true);
    }

    @Test
    void showsWhatWasUsedBetweenTwoLooks() {
        StatsRow row = new StatsRow("id", "n", Optional.of(usage(0, 0)), Optional.of(usage(1000, 500)));
        assertThat(row.cpu()).isEqualTo("50.00%");
        assertThat(row.memory()).isEqualTo("3MiB / 6MiB");
        assertThat(row.memoryPercent()).isEqualTo("50.00%");
        assertThat(row.network()).isEqualTo("1.5kB / 45.6MB");
        assertThat(row.block()).isEqualTo("0B / --");
        assertThat(row.pids()).isEqualTo("4");
    }

    @Test
    void aContainerThatEndedMeanwhileHasNoFigures() {
        StatsRow row = new StatsRow("id", "n", Optional.of(usage(0, 0)), Optional.empty());
        assertThat(row.cpu()).isEqualTo("--");
        assertThat(row.memory()).isEqualTo("-- / --");
        assertThat(row.pids()).isEqualTo("--");
    }

    @Test
    void aClockSetBackShowsNothingNegative() {
        StatsRow row = new StatsRow("id", "n", Optional.of(usage(2000, 700)), Optional.of(usage(1000, 500)));
        assertThat(row.cpu()).isEqualTo("0.00%");
    }
}
