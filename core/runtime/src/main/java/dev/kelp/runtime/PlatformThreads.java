// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.model.KelpException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// Kernel calls that may block, away from virtual threads: a blocked downcall would keep the carrier, and a machine
/// with two cores has two of them.
final class PlatformThreads {
    /// Gone before an idle daemon gives memory back: what a thread's end touches would count again.
    private static final long IDLE_SECONDS = 5;

    static final Executor EXECUTOR = new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            Thread.ofPlatform().name("kelp-runtime-", 0).daemon(true).factory());

    private PlatformThreads() {}

    /// Runs `work` here, or on a platform thread when this is a virtual one.
    static <T> T call(Supplier<T> work) {
        return Thread.currentThread().isVirtual() ? join(CompletableFuture.supplyAsync(work, EXECUTOR)) : work.get();
    }

    /// Waits; a [KelpException] comes out as itself.
    static <T> T join(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof KelpException k ? k : e;
        }
    }
}
