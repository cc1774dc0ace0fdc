// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.ContainerRecord.Phase;
import dev.kelp.engine.local.ContainerRecord.Run;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.runtime.ContainerTask;
import dev.kelp.runtime.Tasks;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// Takes up the containers of an earlier daemon: those still running go on, ends nobody saw are noted, what was half
/// made or half removed is removed.
final class ContainerRecovery {
    private static final Logger LOG = System.getLogger(ContainerRecovery.class.getName());

    private final ContainerLifecycle lifecycle;
    private final ContainerRecords records;
    private final ContainerFiles files;
    private final ContainerNetworking networking;
    private final Tasks tasks;
    private final Restarts restarts;
    private final ContainerLifecycle.Observer observer;

    ContainerRecovery(
            ContainerLifecycle lifecycle,
            ContainerRecords records,
            ContainerFiles files,
            ContainerNetworking networking,
            Tasks tasks,
            Restarts restarts,
            ContainerLifecycle.Observer observer) {
        this.lifecycle = lifecycle;
        this.records = records;
        this.files = files;
        this.networking = networking;
        this.tasks = tasks;
        this.restarts = restarts;
        this.observer = observer;
    }

    void run() {
        List<ContainerRecord> all = records.readable();
        try {
            networking.recover(all);
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "cannot take up the networks of an earlier daemon", e);
        }
        for (ContainerRecord c : all) {
            try {
                recover(c);
            } catch (RuntimeException e) {
                LOG.log(Level.WARNING, "cannot take up container " + c.id(), e);
            }
        }
        try {
            files.sweep(Set.copyOf(records.ids()));
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "cannot remove what containers of earlier daemons left", e);
        }
    }

    private void recover(ContainerRecord c) {
        switch (c.run().phase()) {
            case CREATING, STARTING, REMOVING -> {
                tasks.reattach(c.id()).ifPresent(ContainerTask::delete);
                networking.disconnect(c);
                files.discard(c);
                lifecycle.removal().finish(c);
            }
            case CREATED, EXITED -> {
                // Prepared by a daemon that died before it was started: nothing ran, so nothing is lost. Its root may
                // be mounted without there being a task.
                tasks.reattach(c.id()).ifPresent(ContainerTask::delete);
                networking.disconnect(c);
                files.discard(c);
                settled(c);
            }
            case RESTARTING -> {
                tasks.reattach(c.id()).ifPresent(ContainerTask::delete);
                files.discard(c);
                var _ = restarts.after(0, () -> lifecycle.restartNow(c, false));
            }
            case RUNNING -> resume(c);
        }
    }

    private void settled(ContainerRecord c) {
        if (c.run().phase() == Phase.EXITED && c.definition().spec().lifecycle().autoRemove()) {
            // a `restart` that was cut between the end and the start
            records.keepExit(c, c.run().exitCode());
            lifecycle.removal().finish(c.with(c.run().in(Phase.REMOVING)));
        } else {
            startWithEngine(c);
        }
    }

    private void resume(ContainerRecord c) {
        ContainerLifecycle.Entry entry = lifecycle.entry(c);
        Optional<ContainerTask> task = tasks.reattach(c.id());
        if (task.isEmpty()) {
            // The machine was restarted, or everything was killed: nobody knows the code.
            Run run = c.run().exited(ContainerLifecycle.CODE_UNKNOWN, System.currentTimeMillis(), false);
            boolean remove = c.definition().spec().lifecycle().autoRemove();
            ContainerRecord over = c.with(remove ? run.in(Phase.REMOVING) : run);
            records.update(over);
            observer.ended(over);
            entry.exit.complete(ContainerLifecycle.CODE_UNKNOWN);
            networking.disconnect(c);
            files.discard(c);
            if (remove) {
                records.keepExit(c, ContainerLifecycle.CODE_UNKNOWN);
                lifecycle.removal().finish(over);
            } else {
                startWithEngine(over);
            }
            return;
        }
        entry.task = task;
        if (task.get().phase() == ContainerTask.Phase.CREATED) {
            // The daemon died between writing that it runs and letting it run: nobody was told that it does.
            neverRan(c, entry);
            return;
        }
        observer.runs(c, task.get(), true);
        lifecycle.whenEnded(c, task.get());
    }

    /// Starts what its policy wants started with the engine. It is RESTARTING until then, so that a daemon killed
    /// meanwhile leaves the start to the next one.
    private void startWithEngine(ContainerRecord c) {
        Run run = c.run();
        RestartPolicy policy = RestartPolicy.of(c.definition().spec());
        if (run.startedMillis() != 0 && policy.atEngineStart(run.exitCode(), run.restarts(), run.stopRequested())) {
            records.update(c.with(run.withoutRestarts().withStopRequested(false).in(Phase.RESTARTING)));
            var _ = restarts.after(0, () -> lifecycle.restartNow(c, false));
        }
    }

    private void neverRan(ContainerRecord c, ContainerLifecycle.Entry entry) {
        lifecycle.discardTask(c, entry);
        if (c.definition().spec().lifecycle().autoRemove()) {
            records.update(c.with(c.run().in(Phase.REMOVING)));
            lifecycle.removal().finish(c);
            return;
        }
        KelpException why = new KelpException(ErrorKind.UNAVAILABLE, "the daemon ended before the container ran");
        lifecycle.notStarted(c.with(c.run().in(Phase.CREATED)), entry, why);
    }
}
