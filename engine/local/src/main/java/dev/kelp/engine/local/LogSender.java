// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.KelpException;
import dev.kelp.runtime.ContainerLog.Entry;
import dev.kelp.runtime.LogCursor;
import dev.kelp.runtime.LogCursor.Position;
import dev.kelp.runtime.receiver.LogReceiver;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Sends one container's log on, in a thread of its own. Where it stands is kept in the database after each batch, so
/// that the next daemon goes on there; a receiver that is away is tried again, later and later, while the log keeps
/// what was written.
final class LogSender {
    private static final Logger LOG = System.getLogger(LogSender.class.getName());

    private static final long PAUSE_MILLIS_MIN = 500;
    private static final long PAUSE_MILLIS_MAX = 30_000;

    private final String id;
    private final LogCursor cursor;
    private final LogPositions positions;
    private final Connector connector;
    private final Semaphore signals = new Semaphore(0);
    private final CountDownLatch drained = new CountDownLatch(1);
    private Optional<LogReceiver> receiver = Optional.empty();
    private long pauseMillis;
    private boolean toldLoss;
    private volatile boolean ended;
    private volatile boolean stopped;

    /// Makes connections.
    interface Connector {
        LogReceiver connect() throws IOException;
    }

    LogSender(String id, Path log, LogPositions positions, Connector connector) {
        this.id = id;
        this.positions = positions;
        this.connector = connector;
        Optional<Position> known = positions.find(id);
        if (known.isEmpty()) {
            // tells the next daemon that there is something to send, also when nothing was sent yet
            positions.put(id, Position.BEGINNING);
        }
        this.cursor = new LogCursor(log, known.orElse(Position.BEGINNING));
    }

    void start() {
        Thread.ofPlatform().daemon().name("log-sender").start(this::run);
    }

    /// There may be more.
    void wake() {
        signals.release();
    }

    /// Nothing more will be written.
    void end() {
        ended = true;
        wake();
    }

    /// Ends without sending the rest.
    void stop() {
        stopped = true;
        wake();
    }

    /// Whether all is sent, after at most so long.
    boolean isDrained(long millis) {
        boolean interrupted = false;
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        try {
            while (true) {
                try {
                    return drained.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        try {
            boolean over = false;
            while (!stopped && !over) {
                boolean last = ended;
                List<Entry> batch = cursor.next();
                tellLoss();
                if (!batch.isEmpty()) {
                    send(batch);
                } else if (last) {
                    over = true;
                } else {
                    signals.acquire();
                    signals.drainPermits();
                }
            }
            if (over) {
                drained.countDown();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "the log of container " + id + " is not sent on any more", e);
        } finally {
            disconnect();
        }
    }

    private void tellLoss() {
        if (cursor.hasLost() && !toldLoss) {
            toldLoss = true;
            LOG.log(Level.WARNING, "the log of container " + id + " grew so fast that some of it was never sent on");
        }
    }

    /// Tries until the batch is taken.
    private void send(List<Entry> batch) throws InterruptedException {
        while (!stopped) {
            try {
                if (receiver.isEmpty()) {
                    receiver = Optional.of(connector.connect());
                }
                receiver.get().send(batch);
                if (!stopped) {
                    positions.put(id, cursor.position());
                }
                pauseMillis = 0;
                return;
            } catch (IOException e) {
                disconnect();
                if (pauseMillis == 0) {
                    LOG.log(
                            Level.WARNING,
                            "the log of container " + id + " cannot be sent on, trying again: " + e.getMessage());
                }
                pauseMillis = Math.clamp(pauseMillis * 2, PAUSE_MILLIS_MIN, PAUSE_MILLIS_MAX);
                pause();
            }
        }
    }

    /// The end of the container does not cut it short: its receiver is away still.
    private void pause() throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pauseMillis);
        while (!stopped && System.nanoTime() < end) {
            signals.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        }
    }

    private void disconnect() {
        try {
            if (receiver.isPresent()) {
                receiver.get().close();
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "closing a log receiver failed", e);
        }
        receiver = Optional.empty();
    }
}
