// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/// Lets commands that start containers go a few at a time. Sixty-four that do all things at once evict each other from
/// the processors' caches and the young generation, and cost a fifth more than eight by eight.
///
/// It is courtesy, not a lock: a turn that lasts is taken for over (one that pulls, or that hangs), and who has waited
/// long goes anyway.
final class StartTurns {
    private static final int PER_PROCESSOR = 4;
    private static final Duration TURN_MAX = Duration.ofSeconds(1);
    private static final Duration WAIT_MAX = Duration.ofSeconds(5);

    static final StartTurns OF_ALL_CLIENTS =
            new StartTurns(PER_PROCESSOR * Runtime.getRuntime().availableProcessors(), TURN_MAX, WAIT_MAX);

    private final Semaphore places;
    private final Executor afterTurn;
    private final Duration waitMax;

    /// @param places how many turns there are at once
    /// @param turnMax after which a turn counts as over
    /// @param waitMax after which one who waits goes anyway
    StartTurns(int places, Duration turnMax, Duration waitMax) {
        this.places = new Semaphore(places, true);
        this.afterTurn = CompletableFuture.delayedExecutor(turnMax.toMillis(), TimeUnit.MILLISECONDS, Runnable::run);
        this.waitMax = waitMax;
    }

    /// Waits for a turn; whoever gets it says when it is over.
    Turn take() throws InterruptedException {
        Turn turn = new Turn(places.tryAcquire(waitMax.toMillis(), TimeUnit.MILLISECONDS));
        afterTurn.execute(turn::end);
        return turn;
    }

    final class Turn {
        private final AtomicBoolean holdsPlace;

        private Turn(boolean holdsPlace) {
            this.holdsPlace = new AtomicBoolean(holdsPlace);
        }

        /// Fine when it is over already.
        void end() {
            if (holdsPlace.compareAndSet(true, false)) {
                places.release();
            }
        }
    }
}
