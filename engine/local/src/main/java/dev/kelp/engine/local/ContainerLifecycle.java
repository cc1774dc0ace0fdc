// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Containers.ContainerUpdate;
import dev.kelp.engine.Networks;
import dev.kelp.engine.Progress;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.ContainerRecord.Phase;
import dev.kelp.engine.local.ContainerRecord.Run;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.Resources;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.runtime.ContainerTask;
import dev.kelp.runtime.Tasks;
import dev.kelp.runtime.spec.OciSpec;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Starts, ends and removes containers of all namespaces, and finds out at the daemon's start how each of them is.
///
/// One lock per container serialises what changes it. The database is written before anything is acknowledged and
/// before anything that cannot be undone: RUNNING after the process exists (a crash between finds the monitor's
/// files), REMOVING before the first file goes. [#recover] finishes what a killed daemon had begun.
final class ContainerLifecycle {
    private static final Logger LOG = System.getLogger(ContainerLifecycle.class.getName());

    /// The exit code of a run whose end nobody saw.
    static final int CODE_UNKNOWN = 255;

    private static final int RETRY_SECONDS = 5;

    private final ContainerRecords records;
    private final ContainerFiles files;
    private final ContainerNetworking networking;
    private final Tasks tasks;
    private final ExecutorService background;
    private final Restarts restarts;
    private final Observer observer;
    private final ContainerRemoval removal;
    private final Map<String, Entry> entries = new ConcurrentHashMap<>();
    private final Map<String, Integer> restarting = new ConcurrentHashMap<>();

    /// What is known of a container besides its record.
    static final class Entry {
        final ReentrantLock lock = new ReentrantLock();
        CompletableFuture<Integer> exit = new CompletableFuture<>();

        /// The runtime's container, from prepare until delete.
        Optional<ContainerTask> task = Optional.empty();

        /// Empty for one that has no limit or that an earlier daemon has started.
        Optional<MemoryKills> kills = Optional.empty();

        /// The pause before the present run when a policy started it; 0: the user did.
        long pauseMillis;

        /// The start to come of a container that is RESTARTING.
        Optional<Future<?>> restart = Optional.empty();

        void cancelRestart() {
            restart.ifPresent(r -> r.cancel(false));
            restart = Optional.empty();
        }
    }

    /// Told what becomes of containers, under their lock: must be quick and must not throw.
    interface Observer {
        /// About to be started; may throw what speaks against it.
        void starts(ContainerRecord c);

        /// @param resumed it ran already when this daemon started
        void runs(ContainerRecord c, ContainerTask task, boolean resumed);

        /// The run is over, its record says how.
        void ended(ContainerRecord c);

        /// It is about to be removed; the last moment to read its files.
        void leaves(ContainerRecord c);
    }

    ContainerLifecycle(
            ContainerRecords records,
            ContainerFiles files,
            ContainerNetworking networking,
            Tasks tasks,
            ExecutorService background,
            Restarts restarts,
            Observer observer) {
        this.records = records;
        this.files = files;
        this.networking = networking;
        this.tasks = tasks;
        this.background = background;
        this.restarts = restarts;
        this.observer = observer;
        this.removal = new ContainerRemoval(this, records, files, networking, observer, background);
    }

    private interface Work<T extends @Nullable Object> {
        T run(ContainerRecord current, Entry entry);
    }

    Entry entry(ContainerRecord c) {
        return entries.computeIfAbsent(c.id(), k -> new Entry());
    }

    /// Whoever interrupts a command that waits does not get what it asked for all the same.
    private static void lock(Entry entry, ContainerRecord c) {
        try {
            if (!entry.lock.tryLock()) {
                entry.lock.lockInterruptibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KelpException(
                    ErrorKind.CANCELLED, "interrupted while something else was done to container " + c.name(), e);
        }
    }

    /// Runs `work` with the container's present record while nobody else changes it. One that is leaving is not
    /// there.
    private <T extends @Nullable Object> T locked(ContainerRecord c, Work<T> work) {
        Entry entry = entry(c);
        lock(entry, c);
        try {
            Optional<ContainerRecord> now = records.byId(c.namespace(), c.id());
            if (now.isEmpty()) {
                entries.remove(c.id(), entry);
            }
            if (now.isEmpty() || now.get().run().phase() == Phase.REMOVING) {
                throw KelpException.notFound("no such container: " + c.name());
            }
            return work.run(now.get(), entry);
        } finally {
            entry.lock.unlock();
        }
    }

    /// The task of a container that is about to be started or runs; makes it (mounts, monitor, `create`) when
    /// needed.
    ContainerTask task(ContainerRecord c) {
        return locked(c, (now, entry) -> prepared(now, entry));
    }

    private ContainerTask prepared(ContainerRecord c, Entry entry) {
        if (entry.task.isPresent()) {
            return entry.task.get();
        }
        if (entry.exit.isDone()) {
            entry.exit = new CompletableFuture<>();
        }
        Tasks.Launch launch = null;
        try {
            observer.starts(c);
            // The monitor starts while the root file system is mounted and the configuration written.
            CgroupAccess cgroups = files.cgroups(c);
            entry.kills = c.definition().spec().resources().memoryBytes() == 0
                    ? Optional.empty()
                    : Optional.of(new MemoryKills(cgroups));
            launch = tasks.prepare(files.task(c, cgroups.driver()));
            ContainerTask task;
            try (NetworkShare network = networking.connect(c)) {
                OciSpec.Generated generated = files.prepare(c, network, cgroups);
                launch.configure(generated);
                network.await();
                Tasks.Launch ready = launch;
                launch = null;
                task = ready.create();
            }
            entry.task = Optional.of(task);
            releaseBinds(c);
            whenEnded(c, task);
            return task;
        } catch (RuntimeException e) {
            // also what a hostile configuration may make the code above throw: a monitor must not be left waiting
            unprepared(c, entry, launch, e);
            throw e;
        }
    }

    /// As [ContainerFiles#giveMounts], of one that has not been made ready yet; the files change while nobody
    /// waits.
    void giveMounts(ContainerRecord c, Progress progress) {
        files.giveMounts(
                c,
                work -> locked(c, (now, entry) -> {
                    if (entry.task.isEmpty()) {
                        files.withMountedRoot(now, work);
                    }
                    return true;
                }),
                progress);
    }

    private void releaseBinds(ContainerRecord c) {
        try {
            files.releaseBinds(c);
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "cannot take away the binds of container " + c.id(), e);
        }
    }

    /// As [ContainerFiles#rebind], while nobody starts or removes it.
    void rebind(ContainerRecord c, UserEnvironment user) {
        locked(c, (now, entry) -> {
            files.rebind(now, user);
            return true;
        });
    }

    /// Has the end of a run noted.
    void whenEnded(ContainerRecord c, ContainerTask task) {
        var _ = task.exit().whenComplete((code, failure) -> background.execute(() -> ended(c, task, code)));
    }

    /// Undoes a start that failed and notes why. Each part is tried, whatever becomes of the others.
    private void unprepared(ContainerRecord c, Entry entry, Tasks.@Nullable Launch launch, RuntimeException why) {
        if (launch != null) {
            alsoTry(launch::abandon, why);
        }
        alsoTry(() -> networking.disconnect(c), why);
        alsoTry(() -> files.discard(c), why);
        notStarted(c, entry, why);
    }

    /// Notes why a container did not start. One that its policy started is tried again, later and later.
    void notStarted(ContainerRecord c, Entry entry, RuntimeException why) {
        int code = startFailureCode(why);
        Run run = c.run().failed(code, String.valueOf(why.getMessage()));
        boolean again = entry.pauseMillis > 0 && restartsAfter(c, run);
        Run left = again ? run.in(Phase.RESTARTING) : run.phase() == Phase.RESTARTING ? run.in(Phase.EXITED) : run;
        alsoTry(() -> records.update(c.with(left)), why);
        entry.exit.complete(code);
        if (again) {
            scheduleRestart(c, entry, 0);
        }
    }

    private static void alsoTry(Runnable part, RuntimeException why) {
        try {
            part.run();
        } catch (RuntimeException e) {
            why.addSuppressed(e);
        }
    }

    private static int startFailureCode(RuntimeException e) {
        return switch (e instanceof KelpException k ? k.kind() : ErrorKind.INTERNAL) {
            case COMMAND_NOT_FOUND -> 127;
            case NOT_EXECUTABLE -> 126;
            default -> 125;
        };
    }

    /// Starts a container; one that runs, or that its policy is about to start, is left to it.
    void start(ContainerRecord c) {
        locked(c, (now, entry) -> {
            if (now.isRunning() || now.run().phase() == Phase.RESTARTING) {
                return true;
            }
            entry.pauseMillis = 0;
            startHere(now.with(now.run().withoutRestarts()), entry);
            return true;
        });
    }

    private void startHere(ContainerRecord c, Entry entry) {
        ContainerTask task = prepared(c, entry);
        ContainerRecord running = c.with(c.run().started(task.pid(), System.currentTimeMillis()));
        try {
            records.update(running);
            task.start();
        } catch (RuntimeException e) {
            alsoTry(() -> discardTask(c, entry), e);
            notStarted(c, entry, e);
            throw e;
        }
        observer.runs(running, task, false);
    }

    /// Has `stop` stop it and starts it again; one that was to be removed at its end goes only if it does not
    /// start.
    void restart(ContainerRecord c, Runnable stop) {
        restarting.merge(c.id(), 1, Integer::sum);
        try {
            stop.run();
            start(c);
        } catch (RuntimeException e) {
            if (c.definition().spec().lifecycle().autoRemove()) {
                alsoTry(() -> removal.remove(c, false, true), e);
            }
            throw e;
        } finally {
            restarting.computeIfPresent(c.id(), (id, n) -> n == 1 ? null : n - 1);
        }
    }

    /// The first process has ended: keep the code, take everything down, remove or restart.
    private void ended(ContainerRecord c, ContainerTask task, @Nullable Integer exit) {
        Entry entry = entries.get(c.id());
        if (entry == null) {
            return;
        }
        entry.lock.lock();
        try {
            if (entry.task.isEmpty() || entry.task.get() != task) {
                return;
            }
            Optional<ContainerRecord> found = records.byId(c.namespace(), c.id());
            if (found.isPresent()) {
                ended(found.get(), entry, task, exit == null ? CODE_UNKNOWN : exit);
            }
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "cannot take down container " + c.id(), e);
            // Whoever waits need not wait for the disk. The code stays in the task's files until it is recorded.
            entry.exit.complete(exit == null ? CODE_UNKNOWN : exit);
            retryLater(() -> ended(c, task, exit));
        } finally {
            entry.lock.unlock();
        }
    }

    private void ended(ContainerRecord c, Entry entry, ContainerTask task, int exit) {
        ContainerRecord now = c;
        int code = exit == CommandFailure.RUNTIME_CODE ? files.commandFailure(c).orElse(exit) : exit;
        if (c.isRunning()) {
            boolean forMemory = task.oomKilled()
                    || !c.run().stopRequested()
                            && entry.kills.filter(kills -> kills.explain(code)).isPresent();
            now = c.with(c.run().exited(code, System.currentTimeMillis(), forMemory));
            if (now.definition().spec().lifecycle().autoRemove() && !restarting.containsKey(c.id())) {
                keepExit(now, code);
                now = now.with(now.run().in(Phase.REMOVING));
            } else if (restartsAfter(now, now.run())) {
                now = now.with(now.run().in(Phase.RESTARTING));
            }
            records.update(now);
            observer.ended(now);
        }
        // whoever waited for the end may remove the network or publish the port again at once
        networking.disconnect(now);
        entry.exit.complete(code);
        discardTask(now, entry);
        if (now.run().phase() == Phase.REMOVING) {
            removal.finish(now);
        } else if (now.run().phase() == Phase.RESTARTING) {
            scheduleRestart(now, entry, now.run().finishedMillis() - now.run().startedMillis());
        }
    }

    private static boolean restartsAfter(ContainerRecord c, Run run) {
        return !run.stopRequested() && RestartPolicy.of(c.definition().spec()).afterEnd(run.exitCode(), run.restarts());
    }

    private void scheduleRestart(ContainerRecord c, Entry entry, long ranMillis) {
        entry.pauseMillis = RestartPolicy.pauseMillis(entry.pauseMillis, ranMillis);
        entry.restart = Optional.of(restarts.after(entry.pauseMillis, () -> restartNow(c, true)));
    }

    /// The policy's start; whatever it fails with is in the record.
    ///
    /// @param counted whether it is one more restart, not the engine's own start
    void restartNow(ContainerRecord c, boolean counted) {
        try {
            locked(c, (now, entry) -> {
                if (now.run().phase() == Phase.RESTARTING) {
                    entry.restart = Optional.empty();
                    entry.pauseMillis = Math.max(entry.pauseMillis, RestartPolicy.FIRST_PAUSE_MILLIS);
                    startHere(counted ? now.with(now.run().restartedOnce()) : now, entry);
                }
                return true;
            });
        } catch (KelpException e) {
            LOG.log(Level.INFO, "cannot restart container " + c.id() + ": " + e.getMessage());
        }
    }

    /// A full disk has room again one day; a new daemon would do the work at its start.
    private void retryLater(Runnable work) {
        CompletableFuture.delayedExecutor(RETRY_SECONDS, TimeUnit.SECONDS, background)
                .execute(work);
    }

    /// Takes down what a run needed.
    void discardTask(ContainerRecord c, Entry entry) {
        entry.task.ifPresent(task -> {
            try {
                task.delete();
            } catch (KelpException e) {
                LOG.log(Level.WARNING, "cannot delete the runtime's container " + c.id(), e);
            }
        });
        entry.task = Optional.empty();
        networking.disconnect(c);
        files.discard(c);
    }

    /// Completes with the exit code of the present or last run.
    CompletableFuture<Integer> exit(ContainerRecord c) {
        return locked(c, (now, entry) -> {
            if (now.run().phase() == Phase.EXITED) {
                return CompletableFuture.completedFuture(now.run().exitCode());
            }
            if (now.run().phase() == Phase.RESTARTING && entry.exit.isDone()) {
                entry.exit = new CompletableFuture<>();
            }
            return entry.exit.copy();
        });
    }

    /// Remembered for clients that ask late, also those that come back after a restart of the daemon.
    private void keepExit(ContainerRecord c, int code) {
        records.keepExit(c, code);
    }

    /// A running container that is to end, and what completes when it has.
    record Ending(ContainerTask task, CompletableFuture<Integer> exit) {}

    /// Notes that the user wants it to end, so that no restart policy brings it back; empty when it does not run.
    Optional<Ending> toStop(ContainerRecord c) {
        return locked(c, (now, entry) -> {
            if (now.run().phase() == Phase.RESTARTING) {
                entry.cancelRestart();
                records.update(now.with(now.run().withStopRequested(true).in(Phase.EXITED)));
                entry.exit.complete(now.run().exitCode());
                return Optional.empty();
            }
            if (!now.isRunning()) {
                return Optional.empty();
            }
            records.update(now.with(now.run().withStopRequested(true)));
            return entry.task.map(task -> new Ending(task, entry.exit.copy()));
        });
    }

    /// Changes the specification while nobody else changes the container; the change takes effect on what runs too.
    void update(ContainerRecord c, ContainerUpdate update) {
        locked(c, (now, entry) -> {
            ContainerSpec spec = now.definition().spec();
            ContainerSpec changed = update.restart() == null
                    ? spec
                    : spec.withLifecycle(spec.lifecycle().withRestart(update.restart()));
            if (spec.lifecycle().autoRemove() && RestartPolicy.of(changed).restarts()) {
                throw KelpException.invalid("cannot update container " + now.name()
                        + ": it is removed at its end (--rm), which a restart policy excludes");
            }
            Resources limits = update.resources();
            if (limits != null) {
                changed = changed.withResources(changed.resources().changedBy(limits));
                if (now.isRunning() && limits.needsCgroup()) {
                    Resources all = changed.resources();
                    entry.task.ifPresent(task -> task.limit(all));
                }
            }
            records.redefine(now.with(changed));
            return true;
        });
    }

    /// What a container has of networks now.
    Networks.Attached network(ContainerRecord c) {
        return networking.networks().of(c.id());
    }

    /// The task of a running container.
    ContainerTask running(ContainerRecord c) {
        return locked(c, (now, entry) -> {
            if (!now.isRunning() || entry.task.isEmpty()) {
                throw new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "container " + now.name() + " is not running ("
                                + now.status().word() + ")");
            }
            return entry.task.get();
        });
    }

    /// The task of a container that somebody is attached to and that runs or waits for its start.
    ContainerTask made(ContainerRecord c) {
        return locked(
                c,
                (now, entry) -> entry.task.orElseThrow(() -> new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "container " + now.name() + " is not running ("
                                + now.status().word() + ")")));
    }

    void rename(ContainerRecord c, String name) {
        locked(c, (now, entry) -> {
            records.rename(now, name);
            networking.networks().rename(now.id(), name);
            return true;
        });
    }

    void setPaused(ContainerRecord c, boolean paused) {
        locked(c, (now, entry) -> {
            if (!now.isRunning() || entry.task.isEmpty()) {
                throw new KelpException(ErrorKind.FAILED_PRECONDITION, "container " + now.name() + " is not running");
            }
            ContainerTask task = entry.task.get();
            if (task.isPaused() == paused) {
                throw new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "container " + now.name() + (paused ? " is already paused" : " is not paused"));
            }
            task.setPaused(paused);
            return true;
        });
    }

    /// Gives the container's root directory to `work`: as its processes see it while there are any, else its
    /// mounted snapshot, which one made ready by `init` has, and nobody starts it meanwhile.
    void withRoot(ContainerRecord c, Consumer<Path> work) {
        boolean done = locked(c, (now, entry) -> {
            if (entry.task.isPresent() && now.isRunning()) {
                return false;
            }
            if (entry.task.isPresent()) {
                work.accept(files.roots().of(now));
            } else {
                files.withMountedRoot(now, work);
            }
            return true;
        });
        if (!done) {
            work.accept(Path.of("/proc/" + running(c).pid() + "/root"));
        }
    }

    ContainerRemoval removal() {
        return removal;
    }

    /// Takes a container that does not run from everybody's sight: nobody may use it any more.
    ///
    /// @param volumes whether the volumes nobody named go with it
    /// @return it as it leaves, for [ContainerRemoval] to finish
    ContainerRecord leave(ContainerRecord c, boolean volumes) {
        return locked(c, (now, entry) -> {
            if (now.isRunning() || now.run().phase() == Phase.RESTARTING) {
                throw new KelpException(
                                ErrorKind.FAILED_PRECONDITION,
                                "cannot remove container " + now.name() + ": it is "
                                        + now.status().word())
                        .withHint("stop it first, or use `rm -f`");
            }
            if (now.run().phase() == Phase.EXITED) {
                keepExit(now, now.run().exitCode());
            }
            files.volumes().setDoomed(now, volumes);
            ContainerRecord leaving = now.with(now.run().in(Phase.REMOVING));
            records.update(leaving);
            if (entry.task.isPresent()) {
                discardTask(leaving, entry);
            }
            return leaving;
        });
    }

    /// It is gone.
    void forget(ContainerRecord c) {
        Entry entry = entries.remove(c.id());
        if (entry != null) {
            entry.exit.complete(c.run().exitCode());
        }
    }

    /// Takes up the containers of an earlier daemon.
    void recover() {
        new ContainerRecovery(this, records, files, networking, tasks, restarts, observer).run();
    }
}
