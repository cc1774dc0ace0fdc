// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Poll;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/// One thread that reads from all connections whose commands run.
final class ConnectionPoller {
    private static final System.Logger LOG = System.getLogger(ConnectionPoller.class.getName());

    private final Fd wakeRead;
    private final Fd wakeWrite;
    private final Queue<Connection> added = new ConcurrentLinkedQueue<>();
    private volatile boolean stopped;

    ConnectionPoller() {
        try {
            Fd[] pipe = Pipes.pipe();
            wakeRead = pipe[0];
            wakeWrite = pipe[1];
        } catch (ErrnoException e) {
            throw e.toKelp("make the pipe that wakes the poller");
        }
        Thread.ofPlatform().daemon().name("clients").start(this::run);
    }

    /// Watches the connection until it ends. [Connection#watch] was called before.
    void add(Connection connection) {
        added.add(connection);
        wake();
    }

    void stop() {
        stopped = true;
        wake();
    }

    private void wake() {
        try {
            Pipes.writeAll(wakeWrite, new byte[] {1}, 0, 1);
        } catch (ErrnoException e) {
            throw new KelpException(ErrorKind.INTERNAL, "wake the poller: " + e.getMessage(), e);
        }
    }

    private void run() {
        List<Connection> watched = new ArrayList<>();
        byte[] drain = new byte[256];
        while (!stopped) {
            for (Connection c = added.poll(); c != null; c = added.poll()) {
                watched.add(c);
            }
            List<Fd> fds = new ArrayList<>(watched.size() + 1);
            fds.add(wakeRead);
            watched.forEach(c -> fds.add(c.socket()));
            try {
                int[] events = Poll.await(fds, Poll.POLLIN, -1);
                if (events[0] != 0) {
                    // what is left over wakes again at once
                    readWake(drain);
                }
                for (int i = watched.size() - 1; i >= 0; i--) {
                    if (events[i + 1] != 0 && !deliver(watched.get(i), events[i + 1])) {
                        watched.remove(i).unwatch();
                    }
                }
            } catch (IOException e) {
                LOG.log(System.Logger.Level.ERROR, "polling the clients failed", e);
                return;
            }
        }
    }

    private void readWake(byte[] drain) throws ErrnoException {
        try (java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofConfined()) {
            Pipes.read(wakeRead, arena.allocate(drain.length));
        }
    }

    private static boolean deliver(Connection c, int events) {
        if (c.isFinished()) {
            return false;
        }
        return c.deliver();
    }
}
