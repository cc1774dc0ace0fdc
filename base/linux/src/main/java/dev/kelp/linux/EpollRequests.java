// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;

/// Work that other threads hand to the one that waits on an [Epoll]: a pipe wakes it. [#add], [#wake] and [#end] may be
/// called from any thread, the rest from the one that waits.
public final class EpollRequests implements AutoCloseable {
    /// What [Epoll.Sink] is told when there is work; other descriptors have other keys.
    public static final long KEY = 0;

    private static final System.Logger LOG = System.getLogger(EpollRequests.class.getName());

    private final Fd read;
    private final Fd write;
    private final ByteBuffer wakes = ByteBuffer.allocateDirect(64);
    private final ConcurrentLinkedQueue<Runnable> requests = new ConcurrentLinkedQueue<>();
    private volatile boolean ended;

    /// Registers itself with `epoll`.
    public EpollRequests(Epoll epoll) throws ErrnoException {
        Fd[] pipe = Pipes.pipe();
        read = pipe[0];
        write = pipe[1];
        epoll.add(read, Epoll.IN, KEY);
    }

    /// @throws KelpException UNAVAILABLE after [#end]
    public void add(Runnable work) {
        if (ended) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "the daemon is ending");
        }
        requests.add(work);
        wake();
    }

    /// Has [Epoll#await] return.
    public void wake() {
        try {
            Pipes.writeAll(write, new byte[] {1}, 0, 1);
        } catch (ErrnoException | IllegalStateException e) {
            LOG.log(Level.DEBUG, "wake a thread that waits", e);
        }
    }

    /// Nothing is taken any more, and the thread that waits learns it.
    public void end() {
        ended = true;
        wake();
    }

    public boolean hasEnded() {
        return ended;
    }

    /// After [#KEY] was told.
    public void drain() {
        try {
            Pipes.read(read, wakes.clear());
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "read the wake pipe", e);
        }
    }

    /// Does what there is to do.
    public void run() {
        for (Runnable r = requests.poll(); r != null; r = requests.poll()) {
            r.run();
        }
    }

    @Override
    public void close() {
        read.close();
        write.close();
    }
}
