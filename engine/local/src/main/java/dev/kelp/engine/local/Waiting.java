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

    /// The future's value.
    static <T> T on(CompletableFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new KelpException(ErrorKind.INTERNAL, "waiting failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KelpException(ErrorKind.CANCELLED, "interrupted", e);
        }
    }

    /// Runs `work`, which waits in the kernel where no interruption reaches it, on a thread of its own. An
    /// interruption
    /// of this thread completes `cancelled`, and `work` is waited for.
    static void interruptibly(Runnable work, CompletableFuture<Void> cancelled) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofPlatform().daemon(true).name("wait").start(() -> {
            try {
                work.run();
                done.complete(null);
            } catch (RuntimeException e) {
                done.completeExceptionally(e);
            }
        });
        try {
            done.get();
        } catch (InterruptedException e) {
            cancelled.complete(null);
            var _ = done.handle((v, t) -> true).join();
            Thread.currentThread().interrupt();
            throw new KelpException(ErrorKind.CANCELLED, "interrupted", e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException r
                    ? r
                    : new KelpException(ErrorKind.INTERNAL, "waiting failed: " + e.getCause(), e);
        }
    }
}
