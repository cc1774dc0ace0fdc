// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Starts containers by themselves, a few at a time: after a restart of the machine there may be hundreds.
final class Restarts implements AutoCloseable {
    private static final int AT_ONCE = 4;
    private static final long IDLE_SECONDS = 10;

    private final ScheduledExecutorService timer;
    private final ThreadPoolExecutor starters;

    Restarts(ScheduledExecutorService timer) {
        this.timer = timer;
        starters = new ThreadPoolExecutor(
                AT_ONCE,
                AT_ONCE,
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon(true).name("restart-", 1).factory());
        starters.allowCoreThreadTimeOut(true);
    }

    /// Runs `start` after a pause. Cancelling works as long as it is not waiting for its turn: it must look at the
    /// container's state itself.
    Future<?> after(long millis, Runnable start) {
        return timer.schedule(() -> starters.execute(start), millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        starters.shutdownNow();
    }
}
