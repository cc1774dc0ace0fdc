// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Poll;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Waits for many descriptors on one platform thread, so that whoever needs one waits on a future instead of in the
/// kernel. A descriptor stays its owner's and may be closed at any time: its future then never completes.
final class Watcher implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Watcher.class.getName());

    private final Fd wakeRead;
    private final Fd wakeWrite;
    private final ConcurrentLinkedQueue<Watch> added = new ConcurrentLinkedQueue<>();
    private volatile boolean closed;

    private record Watch(Fd fd, CompletableFuture<Integer> ready) {}

    Watcher() {
        try {
            Fd[] pipe = Pipes.pipe();
            wakeRead = pipe[0];
            wakeWrite = pipe[1];
        } catch (ErrnoException e) {
            throw e.toKelp("make a pipe");
        }
        Thread.ofPlatform().name("kelp-watcher").daemon(true).start(this::run);
    }

    /// Completes, once, with the poll(2) events when `fd` can be read, is at its end, or failed. Continuations run
    /// on the
    /// watching thread and must be short; longer ones go elsewhere by the `Async` forms.
    CompletableFuture<Integer> readable(Fd fd) {
        CompletableFuture<Integer> ready = new CompletableFuture<>();
        if (closed) {
            ready.completeExceptionally(new KelpException(ErrorKind.UNAVAILABLE, "the daemon is ending"));
            return ready;
        }
        added.add(new Watch(fd, ready));
        wake();
        return ready;
    }

    private void wake() {
        try {
            Pipes.writeAll(wakeWrite, new byte[] {1}, 0, 1);
        } catch (ErrnoException | IllegalStateException e) {
            LOG.log(Level.DEBUG, "wake the watcher", e);
        }
    }

    private void run() {
        List<Watch> watches = new ArrayList<>();
        watches.add(new Watch(wakeRead, new CompletableFuture<>()));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment drained = arena.allocate(64);
            while (!closed) {
                for (Watch w = added.poll(); w != null; w = added.poll()) {
                    watches.add(w);
                }
                watches.removeIf(w -> !w.fd().isOpen() || w.ready().isDone());
                int[] events = poll(watches);
                if (events.length == 0) {
                    continue;
                }
                if (events[0] != 0) {
                    Pipes.read(wakeRead, drained);
                }
                for (int i = 1; i < events.length; i++) {
                    if (events[i] != 0 && watches.get(i).fd().isOpen()) {
                        watches.get(i).ready().complete(events[i]);
                    }
                }
            }
        } catch (ErrnoException e) {
            LOG.log(Level.ERROR, "the watcher ends, no container's exit will be seen", e);
        } finally {
            wakeRead.close();
            wakeWrite.close();
        }
    }

    /// Empty when a descriptor was closed meanwhile.
    private static int[] poll(List<Watch> watches) throws ErrnoException {
        try {
            return Poll.await(watches.stream().map(Watch::fd).toList(), Poll.POLLIN, -1);
        } catch (IllegalStateException e) {
            return new int[0];
        }
    }

    @Override
    public void close() {
        closed = true;
        wake();
    }
}
