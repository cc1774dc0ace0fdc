// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Inotify;
import dev.kelp.model.KelpException;
import dev.kelp.runtime.ContainerTask;
import dev.kelp.runtime.LogRotation;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
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

/// Watches the logs of running containers whose logs have limits. One thread looks at those that were written to, at
/// most twenty times a second; it starts with the first such container and sleeps while none writes.
final class ContainerLogs implements AutoCloseable {
    private static final Logger LOG = System.getLogger(ContainerLogs.class.getName());

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final int WATCHED = Inotify.IN_MODIFY | Inotify.IN_CREATE | Inotify.IN_MOVED_TO;

    private final Function<ContainerRecord, Path> logPath;
    private final Map<String, Watched> byContainer = new HashMap<>();
    private Optional<Inotify> inotify = Optional.empty();
    private boolean closed;

    /// @param watch inotify's number of the log's folder
    private record Watched(int watch, LogRotation rotation) {}

    ContainerLogs(Function<ContainerRecord, Path> logPath) {
        this.logPath = logPath;
    }

    /// @param resumed it ran already when this daemon started
    synchronized void runs(ContainerRecord c, ContainerTask task, boolean resumed) {
        LogSettings settings = LogSettings.of(c.definition().spec().logging());
        if (closed || !settings.isKept() || settings.bytesMax() == 0) {
            return;
        }
        Path log = logPath.apply(c);
        try {
            LogRotation rotation = new LogRotation(
                    log, new LogRotation.Limit(settings.bytesMax(), settings.files()), task::reopenLog, resumed);
            int watch = started().watch(String.valueOf(log.getParent()), WATCHED);
            byContainer.put(c.id(), new Watched(watch, rotation));
            rotation.check();
        } catch (ErrnoException | KelpException e) {
            LOG.log(Level.WARNING, "the log of container " + c.id() + " goes without its limit", e);
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

    private synchronized void check(Set<Integer> touched, boolean all) {
        byContainer.forEach((id, w) -> {
            if (!closed && (all || touched.contains(w.watch()))) {
                try {
                    w.rotation().check();
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
    }
}
