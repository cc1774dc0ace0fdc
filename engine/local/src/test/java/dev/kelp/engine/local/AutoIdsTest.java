// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.IdMapping;
import dev.kelp.model.KelpException;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Which ids a container with `--userns=auto` gets.
final class AutoIdsTest {
    private static final long AVAILABLE = 10_000;

    private static IdMapping line(long inside, long outside, long count) {
        return new IdMapping(inside, outside, count);
    }

    @Test
    void theFirstGetsTheLowestButNeverTheUsersOwn() {
        assertThat(AutoIds.fill(1024, AVAILABLE, List.of(), List.of())).containsExactly(line(0, 1, 1024));
    }

    @Test
    void aGapIsTakenWhenItIsLargeEnough() {
        List<IdMapping> taken = List.of(line(0, 1, 100), line(0, 1101, 50), line(0, 201, 100));
        assertThat(AutoIds.fill(100, AVAILABLE, List.of(), taken)).containsExactly(line(0, 101, 100));
        assertThat(AutoIds.fill(101, AVAILABLE, List.of(), taken)).containsExactly(line(0, 301, 101));
        assertThat(AutoIds.fill(900, AVAILABLE, List.of(), taken)).containsExactly(line(0, 1151, 900));
    }

    @Test
    void theLinesGivenAreKeptAndTheRestFilledAroundThem() {
        assertThat(AutoIds.fill(1000, AVAILABLE, List.of(line(500, 0, 1)), List.of()))
                .containsExactly(line(0, 1, 500), line(500, 0, 1), line(501, 501, 499));
        assertThat(AutoIds.fill(10, AVAILABLE, List.of(line(0, 5, 10)), List.of()))
                .containsExactly(line(0, 5, 10));
        assertThat(AutoIds.fill(10, AVAILABLE, List.of(line(4000, 3, 1)), List.of()))
                .containsExactly(line(0, 4, 10), line(4000, 3, 1));
    }

    @Test
    void moreThanThereAreIsRefused() {
        assertThatThrownBy(() -> AutoIds.fill(AVAILABLE, AVAILABLE, List.of(), List.of()))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("left for --userns=auto");
        assertThat(AutoIds.fill(AVAILABLE - 1, AVAILABLE, List.of(), List.of())).hasSize(1);
    }
}
