// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Inotify;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Logging;
import dev.kelp.rootless.Spawner;
import dev.kelp.runtime.ContainerTask;
import dev.kelp.runtime.LogRotation;
import dev.kelp.runtime.receiver.BinaryReceiver;
import dev.kelp.runtime.receiver.LogReceiver;
import dev.kelp.runtime.receiver.LogReceivers;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/// Takes care of containers' logs: begins them anew when they are full, and has them sent on. One thread looks at those
/// that were written to, at most twenty times a second; it starts with the first such container and sleeps while none
/// writes.
final class ContainerLogs implements AutoCloseable {
    private static final Logger LOG = System.getLogger(ContainerLogs.class.getName());

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /// How long a removal waits for the rest of a log to be sent.
    private static final long REMOVAL_MILLIS = 3_000;

    private static final int WATCHED = Inotify.IN_MODIFY | Inotify.IN_CREATE | Inotify.IN_MOVED_TO;
    private static final Path HOSTNAME = Path.of("/proc/sys/kernel/hostname");

    private final Function<ContainerRecord, Path> logPath;
    private final LogPositions positions;
    private final Spawner spawner;
    private final Map<String, Watched> byContainer = new HashMap<>();
    private final Map<String, LogSender> senders = new HashMap<>();
    private Optional<Inotify> inotify = Optional.empty();
    private boolean closed;

    /// @param watch inotify's number of the log's folder
    private record Watched(int watch, Optional<LogRotation> rotation, Optional<LogSender> sender) {}

    /// @param spawner starts programs that take logs
    ContainerLogs(Function<ContainerRecord, Path> logPath, LogPositions positions, Spawner spawner) {
        this.logPath = logPath;
        this.positions = positions;
        this.spawner = spawner;
    }

    /// Fails when the log is to be sent on and nobody would take it.
    void check(ContainerRecord c) {
        Logging logging = c.definition().spec().logging();
        if (!LogReceivers.isDriver(logging.driver()) || LogReceivers.isAsynchronous(logging)) {
            return;
        }
        if (BinaryReceiver.isUri(logging.driver())) {
            // one start more would be a container more to it
            BinaryReceiver.command(logging.driver());
            return;
        }
        try {
            connect(c).close();
        } catch (IOException e) {
            throw new KelpException(
                            ErrorKind.UNAVAILABLE,
                            "start container " + c.name() + ": its log driver " + logging.driver() + " reaches nobody: "
                                    + e.getMessage(),
                            e)
                    .withHint("see --log-opt, or use another --log-driver");
        }
    }

    private LogReceiver connect(ContainerRecord c) throws IOException {
        String driver = c.definition().spec().logging().driver();
        if (BinaryReceiver.isUri(driver)) {
            return BinaryReceiver.open(spawner, driver, c.id(), c.namespace());
        }
        String hostname = Files.readString(HOSTNAME).strip();
        return LogReceivers.open(c.definition().spec().logging(), LogOrigin.of(c), hostname);
    }

    /// Sends what containers that ended under an earlier daemon left.
    synchronized void recover(List<ContainerRecord> all) {
        for (ContainerRecord c : all) {
            if (!c.isRunning()
                    && LogReceivers.isDriver(c.definition().spec().logging().driver())
                    && positions.find(c.id()).isPresent()) {
                sender(c).end();
            }
        }
    }

    private LogSender sender(ContainerRecord c) {
        LogSender made = new LogSender(c.id(), logPath.apply(c), positions, () -> connect(c));
        LogSender before = senders.put(c.id(), made);
        if (before != null) {
            before.stop();
        }
        made.start();
        return made;
    }

    /// @param resumed it ran already when this daemon started
    synchronized void runs(ContainerRecord c, ContainerTask task, boolean resumed) {
        LogSettings settings = LogSettings.of(c.definition().spec().logging());
        if (closed || !settings.isKept() || (settings.bytesMax() == 0 && !settings.isSent())) {
            return;
        }
        Path log = logPath.apply(c);
        try {
            LogRotation.Limit limit = new LogRotation.Limit(settings.bytesMax(), settings.files());
            Optional<LogRotation> rotation = settings.bytesMax() == 0
                    ? Optional.empty()
                    : Optional.of(new LogRotation(log, limit, task::reopenLog, resumed));
            int watch = started().watch(String.valueOf(log.getParent()), WATCHED);
            Optional<LogSender> sender = settings.isSent() ? Optional.of(sender(c)) : Optional.empty();
            byContainer.put(c.id(), new Watched(watch, rotation, sender));
            rotation.ifPresent(LogRotation::check);
        } catch (ErrnoException | KelpException e) {
            LOG.log(Level.WARNING, "nobody takes care of the log of container " + c.id(), e);
        }
    }

    private Inotify started() throws ErrnoException {
        if (inotify.isEmpty()) {
            Inotify made = new Inotify();
            inotify = Optional.of(made);
            Thread.ofPlatform().daemon().name("container-logs").start(() -> watch(made));
        }
        return inotify.get();
    }

    synchronized void ended(ContainerRecord c) {
        Watched watched = byContainer.remove(c.id());
        if (watched != null) {
            watched.sender().ifPresent(LogSender::end);
        }
        if (watched == null || inotify.isEmpty()) {
            return;
        }
        try {
            inotify.get().unwatch(watched.watch());
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "the log of " + c.id() + " was watched no more", e);
        }
    }

    private void watch(Inotify events) {
        try {
            while (true) {
                List<Inotify.Event> taken = events.take();
                if (taken.isEmpty()) {
                    return;
                }
                Set<Integer> touched = new HashSet<>();
                boolean all = false;
                for (Inotify.Event e : taken) {
                    touched.add(e.watch());
                    all |= (e.mask() & Inotify.IN_Q_OVERFLOW) != 0;
                }
                check(touched, all);
                // what a busy container writes meanwhile is one event
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (ErrnoException e) {
            LOG.log(Level.WARNING, "logs are not watched any more", e);
        }
    }

    /// Its files are about to go.
    void leaves(ContainerRecord c) {
        LogSender sender;
        synchronized (this) {
            sender = senders.remove(c.id());
        }
        if (sender == null) {
            return;
        }
        sender.end();
        if (!sender.isDrained(REMOVAL_MILLIS)) {
            LOG.log(Level.WARNING, "container " + c.id() + " is removed before all of its log was sent on");
        }
        sender.stop();
        positions.delete(c.id());
    }

    private synchronized void check(Set<Integer> touched, boolean all) {
        byContainer.forEach((id, w) -> {
            if (!closed && (all || touched.contains(w.watch()))) {
                try {
                    w.sender().ifPresent(LogSender::wake);
                    w.rotation().ifPresent(LogRotation::check);
                } catch (KelpException e) {
                    LOG.log(Level.WARNING, "cannot begin the log of container " + id + " anew", e);
                }
            }
        });
    }

    @Override
    public synchronized void close() {
        // its thread ends with the process: it may be waiting for the descriptor
        closed = true;
        byContainer.clear();
        senders.values().forEach(LogSender::stop);
    }
}
