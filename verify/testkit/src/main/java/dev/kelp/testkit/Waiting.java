// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/// Waiting for what has no event a test could wait for (a screen, a process table): looks again every 20 ms.
public final class Waiting {
    private static final long INTERVAL_MILLIS = 20;

    private Waiting() {}

    /// Returns once the condition holds; fails with `what` and the described state when it does not within `limit`.
    public static void until(Duration limit, String what, BooleanSupplier condition, Supplier<String> state) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(what + ": not within " + limit.toSeconds() + " s; now:\n" + state.get());
            }
            try {
                Thread.sleep(INTERVAL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for " + what, e);
            }
        }
    }
}
