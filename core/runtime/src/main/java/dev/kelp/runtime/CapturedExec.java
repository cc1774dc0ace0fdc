// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.NativeBuffer;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Processes;
import java.io.ByteArrayOutputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntSupplier;

/// A command of the engine's own in a container: the first part of its output is kept, the rest is read and dropped, so
/// that it never waits for a reader. No thread waits for it.
public final class CapturedExec {
    private static final System.Logger LOG = System.getLogger(CapturedExec.class.getName());
    private static final int BLOCK_BYTES = 16 << 10;
    private static final long DRAIN_MILLIS = 200;

    private final Watcher watcher;
    private final Fd pipe;
    private final int bytesMax;
    private final IntSupplier pid;
    private final CompletableFuture<ExecProcess.Exit> exit;
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final CompletableFuture<Void> drained = new CompletableFuture<>();

    /// @param pipe what it writes to, read to its end and closed here
    /// @param pid the process to kill; 0: none
    CapturedExec(Watcher watcher, Fd pipe, int bytesMax, IntSupplier pid, CompletableFuture<ExecProcess.Exit> ended) {
        this.watcher = watcher;
        this.pipe = pipe;
        this.bytesMax = bytesMax;
        this.pid = pid;
        this.exit = ended.thenApplyAsync(this::finish, PlatformThreads.EXECUTOR);
        await();
    }

    private void await() {
        var _ = watcher.readable(pipe).thenAcceptAsync(events -> read(), PlatformThreads.EXECUTOR);
    }

    private void read() {
        if (take()) {
            await();
        }
    }

    /// Takes what is there; false at the end.
    private synchronized boolean take() {
        if (!pipe.isOpen()) {
            return false;
        }
        try (NativeBuffer memory = new NativeBuffer(BLOCK_BYTES)) {
            int n = Pipes.read(pipe, memory.bytes());
            if (n > 0) {
                int room = Math.min(n, bytesMax - kept.size());
                if (room > 0) {
                    byte[] block = new byte[room];
                    memory.bytes().get(0, block);
                    kept.writeBytes(block);
                }
                return true;
            }
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "read the output of a command", e);
        }
        pipe.close();
        drained.complete(null);
        return false;
    }

    /// What it wrote is in the pipe already. A process it left behind may hold the pipe open for ever.
    private ExecProcess.Exit finish(ExecProcess.Exit ended) {
        try {
            drained.get(DRAIN_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException | ExecutionException e) {
            closePipe();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closePipe();
        }
        return ended;
    }

    private synchronized void closePipe() {
        pipe.close();
    }

    /// Completes at its end.
    public CompletableFuture<ExecProcess.Exit> exit() {
        return exit;
    }

    /// What it wrote so far.
    public synchronized String output() {
        return kept.toString(StandardCharsets.UTF_8);
    }

    /// Ends it with SIGKILL; nothing happens when it has ended.
    public void kill() {
        int number = exit.isDone() ? 0 : pid.getAsInt();
        if (number > 0) {
            try {
                Processes.kill(number, Processes.SIGKILL);
            } catch (ErrnoException e) {
                LOG.log(Level.DEBUG, "kill process " + number, e);
            }
        }
    }
}
