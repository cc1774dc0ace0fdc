// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Ends the transfers of one command from another thread. Interrupting a thread that waits in this module does the
/// same for that thread; both surface as [ErrorKind#CANCELLED].
public final class Cancellation {
    private final CountDownLatch cancelled = new CountDownLatch(1);
    private final Set<Runnable> actions = ConcurrentHashMap.newKeySet();

    /// A token nobody has cancelled yet.
    public Cancellation() {}

    /// Ends all waiting under this token, now and in future. May be called often and from any thread.
    public void cancel() {
        cancelled.countDown();
        actions.forEach(Runnable::run);
        actions.clear();
    }

    public boolean isCancelled() {
        return cancelled.getCount() == 0;
    }

    /// Fails with [ErrorKind#CANCELLED] when cancelled or when the thread is interrupted.
    public void check() {
        if (isCancelled()) {
            throw new KelpException(ErrorKind.CANCELLED, "the transfer was cancelled");
        }
        if (Thread.currentThread().isInterrupted()) {
            throw interrupted();
        }
    }

    /// Waits; ends early with [ErrorKind#CANCELLED].
    public void sleep(Duration pause) {
        try {
            if (cancelled.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
                check();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw interrupted();
        }
    }

    /// Runs `action` at cancellation, at once when that has happened already; [Registration#close] forgets it.
    Registration onCancel(Runnable action) {
        actions.add(action);
        if (isCancelled() && actions.remove(action)) {
            action.run();
        }
        return () -> actions.remove(action);
    }

    static KelpException interrupted() {
        return new KelpException(ErrorKind.CANCELLED, "the transfer was interrupted");
    }

    /// An action waiting for cancellation.
    @FunctionalInterface
    interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
