// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Waits for futures; an interruption is the user's cancellation.
final class Waiting {
    private Waiting() {}

    /// Whether `exit` completed within the time.
    static boolean forExit(CompletableFuture<Integer> exit, long timeoutMillis) {
        try {
            exit.get(timeoutMillis, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new KelpException(ErrorKind.INTERNAL, "waiting for a container failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KelpException(ErrorKind.CANCELLED, "interrupted while waiting for a container to end", e);
        }
    }
}
