// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.ContainerRecord.Phase;
import dev.kelp.engine.local.ContainerRecord.Run;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.runtime.Task;
import dev.kelp.runtime.TaskExit;
import dev.kelp.runtime.Tasks;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.ReentrantLock;

/// Starts, ends and removes containers of all namespaces, and finds out at the daemon's start how each of them is.
///
/// One lock per container serialises what changes it. The database is written before anything is acknowledged and
/// before anything that cannot be undone: RUNNING after the process exists (a crash between finds the monitor's
/// files), REMOVING before the first file goes. [#recover] finishes what a killed daemon had begun.
final class ContainerLifecycle {
    private static final Logger LOG = System.getLogger(ContainerLifecycle.class.getName());

    /// How many exit codes of removed containers are kept for clients that ask late.
    private static final int EXITS_KEPT_MAX = 1_000;

    private final ContainerRecords records;
    private final ContainerFiles files;
    private final Tasks tasks;
    private final ExecutorService background;
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    private final Map<String, Integer> pastExits = new java.util.LinkedHashMap<>();

    /// What is known of a container besides its record.
    private static final class Entry {
        final ReentrantLock lock = new ReentrantLock();
        CompletableFuture<Integer> exit = new CompletableFuture<>();

        /// The runtime's container, from prepare until delete.
        Optional<Task> task = Optional.empty();
    }

    ContainerLifecycle(ContainerRecords records, ContainerFiles files, Tasks tasks, ExecutorService background) {
        this.records = records;
        this.files = files;
        this.tasks = tasks;
        this.background = background;
    }

    private interface Work<T> {
        T run(ContainerRecord current, Entry entry);
    }

    /// Runs `work` with the container's present record while nobody else changes it.
    private <T> T locked(ContainerRecord c, Work<T> work) {
        Entry entry = entries.computeIfAbsent(c.id(), k -> new Entry());
        entry.lock.lock();
        try {
            ContainerRecord now = records.byId(c.namespace(), c.id())
                    .orElseThrow(() -> KelpException.notFound("no such container: " + c.name()));
            return work.run(now, entry);
        } finally {
            entry.lock.unlock();
        }
    }

    /// The task of a container that is about to be started or runs; makes it (mounts, monitor, `create`) when needed.
    Task task(ContainerRecord c) {
        return locked(c, (now, entry) -> prepared(now, entry));
    }

    private Task prepared(ContainerRecord c, Entry entry) {
        if (c.run().phase() == Phase.REMOVING) {
            throw KelpException.notFound("no such container: " + c.name());
        }
        if (entry.task.isPresent()) {
            return entry.task.get();
        }
        if (entry.exit.isDone()) {
            entry.exit = new CompletableFuture<>();
        }
        try {
            Task task = tasks.create(files.prepare(c));
            entry.task = Optional.of(task);
            task.exit().whenComplete((exit, failure) -> background.execute(() -> ended(c, task, exit)));
            return task;
        } catch (KelpException e) {
            records.update(c.with(c.run().failed(startFailureCode(e), e.getMessage())));
            files.discard(c);
            entry.exit.complete(startFailureCode(e));
            throw e;
        }
    }

    private static int startFailureCode(KelpException e) {
        return switch (e.kind()) {
            case COMMAND_NOT_FOUND -> 127;
            case NOT_EXECUTABLE -> 126;
            default -> 125;
        };
    }

    void start(ContainerRecord c) {
        locked(c, (now, entry) -> {
            if (now.isRunning()) {
                return null;
            }
            Task task = prepared(now, entry);
            records.update(now.with(now.run().started(task.pid(), System.currentTimeMillis())));
            try {
                task.start();
            } catch (KelpException e) {
                records.update(now.with(now.run().failed(startFailureCode(e), e.getMessage())));
                discardTask(now, entry);
                entry.exit.complete(startFailureCode(e));
                throw e;
            }
            return null;
        });
    }

    /// The first process has ended: keep the code, take everything down, remove or restart.
    private void ended(ContainerRecord c, Task task, TaskExit exit) {
        boolean remove = false;
        Entry entry = entries.computeIfAbsent(c.id(), k -> new Entry());
        entry.lock.lock();
        try {
            if (entry.task.isEmpty() || entry.task.get() != task) {
                return;
            }
            Optional<ContainerRecord> found = records.byId(c.namespace(), c.id());
            if (found.isEmpty()) {
                return;
            }
            ContainerRecord now = found.get();
            int code = exit == null ? 255 : exit.code();
            if (now.isRunning()) {
                now = now.with(now.run().exited(code, finished(exit), exit != null && exit.oomKilled()));
                remove = now.definition().spec().lifecycle().autoRemove();
                if (remove) {
                    keepExit(now, code);
                    now = now.with(now.run().in(Phase.REMOVING));
                }
                records.update(now);
            }
            entry.exit.complete(code);
            discardTask(now, entry);
            if (remove) {
                finishRemoval(now);
            }
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "cannot take down container " + c.id(), e);
        } finally {
            entry.lock.unlock();
        }
    }

    private static long finished(TaskExit exit) {
        return exit == null ? System.currentTimeMillis() : exit.finishedMillis();
    }

    private void discardTask(ContainerRecord c, Entry entry) {
        entry.task.ifPresent(task -> {
            try {
                task.delete();
            } catch (KelpException e) {
                LOG.log(Level.WARNING, "cannot delete the runtime's container " + c.id(), e);
            }
        });
        entry.task = Optional.empty();
        files.discard(c);
    }

    /// Completes with the exit code of the present or last run.
    CompletableFuture<Integer> exit(ContainerRecord c) {
        return locked(c, (now, entry) -> {
            if (now.run().phase() == Phase.EXITED) {
                return CompletableFuture.completedFuture(now.run().exitCode());
            }
            return entry.exit.copy();
        });
    }

    /// The exit code of a container that is gone, as long as it is remembered.
    Optional<Integer> pastExit(String id) {
        synchronized (pastExits) {
            return Optional.ofNullable(pastExits.get(id));
        }
    }

    private void keepExit(ContainerRecord c, int code) {
        records.keepExit(c.namespace(), c.id(), code, EXITS_KEPT_MAX);
        synchronized (pastExits) {
            pastExits.put(c.id(), code);
            while (pastExits.size() > EXITS_KEPT_MAX) {
                pastExits.remove(pastExits.keySet().iterator().next());
            }
        }
    }

    /// Notes that the user wants it to end, so that no restart policy brings it back.
    Optional<Task> taskToStop(ContainerRecord c) {
        return locked(c, (now, entry) -> {
            if (!now.isRunning()) {
                return Optional.empty();
            }
            records.update(now.with(now.run().withStopRequested(true)));
            return entry.task;
        });
    }

    /// The task of a running container.
    Task running(ContainerRecord c) {
        return locked(c, (now, entry) -> {
            if (!now.isRunning() || entry.task.isEmpty()) {
                throw new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "container " + now.name() + " is not running ("
                                + now.state().status().word() + ")");
            }
            return entry.task.get();
        });
    }

    void remove(ContainerRecord c, boolean force) {
        if (force) {
            kill(c);
        }
        locked(c, (now, entry) -> {
            if (now.isRunning()) {
                throw new KelpException(
                                ErrorKind.FAILED_PRECONDITION,
                                "cannot remove container " + now.name() + ": it is running")
                        .withHint("stop it first, or use `rm -f`");
            }
            if (now.run().phase() == Phase.EXITED) {
                keepExit(now, now.run().exitCode());
            }
            ContainerRecord leaving = now.with(now.run().in(Phase.REMOVING));
            records.update(leaving);
            if (entry.task.isPresent()) {
                discardTask(leaving, entry);
            }
            finishRemoval(leaving);
            return null;
        });
    }

    private void kill(ContainerRecord c) {
        Optional<Task> task = taskToStop(c);
        if (task.isEmpty()) {
            return;
        }
        CompletableFuture<Integer> exit = exit(c);
        try {
            task.get().kill(dev.kelp.linux.Processes.SIGKILL);
        } catch (KelpException e) {
            LOG.log(Level.DEBUG, "kill of " + c.id() + " met its end", e);
        }
        Waiting.forExit(exit, 10_000);
    }

    private void finishRemoval(ContainerRecord c) {
        files.delete(c);
        records.delete(c);
        Entry entry = entries.remove(c.id());
        if (entry != null) {
            entry.exit.complete(c.run().exitCode());
        }
    }

    /// Takes up the containers of an earlier daemon: those still running go on, ends nobody saw are noted, what was
    /// half made or half removed is removed.
    void recover() {
        for (ContainerRecord c : records.all()) {
            try {
                recover(c);
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "cannot take up container " + c.id(), e);
            }
        }
    }

    private void recover(ContainerRecord c) {
        switch (c.run().phase()) {
            case CREATING, REMOVING -> {
                tasks.find(c.id()).ifPresent(Task::delete);
                files.discard(c);
                finishRemoval(c);
            }
            case CREATED, EXITED -> tasks.find(c.id()).ifPresent(task -> {
                // Prepared by a daemon that died before it was started: nothing ran, so nothing is lost.
                task.delete();
                files.discard(c);
            });
            case RUNNING -> resume(c);
        }
    }

    private void resume(ContainerRecord c) {
        Entry entry = entries.computeIfAbsent(c.id(), k -> new Entry());
        Optional<Task> task = tasks.find(c.id());
        if (task.isEmpty()) {
            // The machine was restarted, or everything was killed: nobody knows the code.
            Run run = c.run().exited(255, System.currentTimeMillis(), false);
            boolean remove = c.definition().spec().lifecycle().autoRemove();
            records.update(c.with(remove ? run.in(Phase.REMOVING) : run));
            entry.exit.complete(255);
            files.discard(c);
            if (remove) {
                keepExit(c, 255);
                finishRemoval(c);
            }
            return;
        }
        entry.task = task;
        task.get().exit().whenComplete((exit, failure) -> background.execute(() -> ended(c, task.get(), exit)));
    }
}
