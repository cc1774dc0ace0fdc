// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.engine.Containers.Health;
import dev.kelp.engine.Containers.HealthProbe;
import dev.kelp.engine.Containers.HealthStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class HealthChecksTest {
    private static final Instant STARTED = Instant.parse("2026-01-02T00:00:00Z");
    private static final HealthCheck CHECK = new HealthCheck(
            List.of("false"),
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            Duration.ofMinutes(1),
            Duration.ofSeconds(5),
            2,
            "none");

    private static Health fail(Health before, Instant when) {
        return HealthChecks.after(before, new HealthProbe(when, when, 1, ""), CHECK, STARTED);
    }

    @Test
    void failuresOfTheStartPeriodDoNotCount() {
        Health starting = new Health(HealthStatus.STARTING, 0, List.of());
        Health during = fail(starting, STARTED.plusSeconds(59));
        assertThat(during.failingStreak()).isZero();
        assertThat(fail(during, STARTED.plusSeconds(60)).failingStreak()).isEqualTo(1);
    }

    @Test
    void aClockSetBackDoesNotMakeTheStartPeriodLast() {
        Health starting = new Health(HealthStatus.STARTING, 0, List.of());
        Health once = fail(starting, STARTED.minus(Duration.ofDays(400)));
        assertThat(once.failingStreak()).isEqualTo(1);
        assertThat(fail(once, STARTED.minus(Duration.ofDays(399))).status()).isEqualTo(HealthStatus.UNHEALTHY);
    }
}
