// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StartTurnsTest {
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofMillis(1);

    private static CompletableFuture<StartTurns.Turn> taken(StartTurns turns) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return turns.take();
            } catch (InterruptedException e) {
                throw new CompletionException(e);
            }
        });
    }

    @Test
    void oneWaitsUntilAnotherHasEnded() throws Exception {
        StartTurns turns = new StartTurns(1, LONG, LONG);
        StartTurns.Turn first = turns.take();
        CompletableFuture<StartTurns.Turn> second = taken(turns);
        assertThat(second).isNotCompleted();
        first.end();
        second.get(10, TimeUnit.SECONDS);
    }

    @Test
    void aTurnEndsOnce() throws Exception {
        StartTurns turns = new StartTurns(1, LONG, LONG);
        StartTurns.Turn first = turns.take();
        first.end();
        first.end();
        StartTurns.Turn second = turns.take();
        CompletableFuture<StartTurns.Turn> third = taken(turns);
        assertThat(third).isNotCompleted();
        second.end();
        third.get(10, TimeUnit.SECONDS);
    }

    @Test
    void aTurnThatLastsIsTakenForOver() throws Exception {
        StartTurns turns = new StartTurns(1, SHORT, LONG);
        turns.take();
        taken(turns).get(10, TimeUnit.SECONDS);
    }

    @Test
    void whoHasWaitedLongGoesAnyway() throws Exception {
        StartTurns turns = new StartTurns(1, LONG, SHORT);
        StartTurns.Turn first = turns.take();
        // it holds no place, so its end frees none
        taken(turns).get(10, TimeUnit.SECONDS).end();
        StartTurns.Turn late = turns.take();
        late.end();
        first.end();
    }
}
