// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.engine.Containers.EffectiveProcess;
import dev.kelp.engine.Containers.Health;
import dev.kelp.engine.Containers.State;
import dev.kelp.engine.Containers.Status;
import dev.kelp.model.Digest;
import dev.kelp.model.IdMaps;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.oci.ImageConfig;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A container as the database keeps it: what was fixed at `create` ([Definition]) and how its runs went ([Run]).
record ContainerRecord(String namespace, String id, String name, Definition definition, Run run) {

    /// Changes after `create` only by `update`.
    ///
    /// @param imageName what `ps` shows under IMAGE
    /// @param parent name of the committed snapshot it stands on; null with `--rootfs`
    /// @param image what the image says about running it, `EMPTY` with `--rootfs`
    /// @param ids the maps of its own user namespace; null: it is in the engine's
    /// @param snapshotter name of the snapshotter that holds its writable layer; null with `--rootfs`
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Definition(
            ContainerSpec spec,
            String imageName,
            @Nullable Digest imageDigest,
            String platform,
            @Nullable String parent,
            @Nullable String snapshotter,
            String runtime,
            long createdMillis,
            EffectiveProcess process,
            ImageConfig.Execution image,
            @Nullable IdMaps ids) {}

    /// The present or last run.
    ///
    /// @param phase CREATING until everything is in place, REMOVING once nothing may use it any more
    /// @param stopRequested whether the user asked for the end (restart policies then leave it alone)
    record Run(
            Phase phase,
            int pid,
            int exitCode,
            long startedMillis,
            long finishedMillis,
            int restarts,
            boolean stopRequested,
            boolean oomKilled,
            @Nullable String error) {
        static final Run CREATING = new Run(Phase.CREATING, 0, 0, 0, 0, 0, false, false, null);
        static final Run CREATED = CREATING.in(Phase.CREATED);

        Run in(Phase p) {
            return new Run(p, pid, exitCode, startedMillis, finishedMillis, restarts, stopRequested, oomKilled, error);
        }

        Run started(int newPid, long nowMillis) {
            return new Run(Phase.RUNNING, newPid, 0, nowMillis, 0, restarts, false, false, null);
        }

        Run exited(int code, long nowMillis, boolean oom) {
            return new Run(Phase.EXITED, 0, code, startedMillis, nowMillis, restarts, stopRequested, oom, error);
        }

        /// A start the user asked for counts restarts from zero.
        Run withoutRestarts() {
            return new Run(phase, pid, exitCode, startedMillis, finishedMillis, 0, stopRequested, oomKilled, error);
        }

        /// A start that came to nothing: the container stays created, with the reason.
        Run failed(int code, String why) {
            return new Run(phase, 0, code, startedMillis, finishedMillis, restarts, stopRequested, oomKilled, why);
        }

        Run withStopRequested(boolean asked) {
            return new Run(phase, pid, exitCode, startedMillis, finishedMillis, restarts, asked, oomKilled, error);
        }

        Run restartedOnce() {
            return new Run(
                    phase, pid, exitCode, startedMillis, finishedMillis, restarts + 1, stopRequested, oomKilled, error);
        }
    }

    /// Where a container is in its life.
    enum Phase {
        CREATING,
        /// Created by `run --rm`, whose next step is to start it: should the daemon end before that, nobody
        /// knows of
        /// it.
        STARTING,
        CREATED,
        RUNNING,
        /// Ended, and about to be started again by its policy.
        RESTARTING,
        EXITED,
        REMOVING
    }

    ContainerRecord with(Run newRun) {
        return new ContainerRecord(namespace, id, name, definition, newRun);
    }

    boolean isRunning() {
        return run.phase == Phase.RUNNING;
    }

    /// The same container with another specification, see `update`.
    ContainerRecord with(ContainerSpec changed) {
        Definition d = definition;
        return new ContainerRecord(
                namespace,
                id,
                name,
                new Definition(
                        changed,
                        d.imageName,
                        d.imageDigest,
                        d.platform,
                        d.parent,
                        d.snapshotter,
                        d.runtime,
                        d.createdMillis,
                        d.process,
                        d.image,
                        d.ids),
                run);
    }

    Status status() {
        return switch (run.phase) {
            case CREATING, STARTING, CREATED -> Status.CREATED;
            case RUNNING -> Status.RUNNING;
            case RESTARTING -> Status.RESTARTING;
            case EXITED -> Status.EXITED;
            case REMOVING -> Status.REMOVING;
        };
    }

    State state(Optional<Health> health) {
        return new State(
                status(),
                run.pid,
                run.exitCode,
                instant(run.startedMillis),
                instant(run.finishedMillis),
                run.oomKilled,
                run.error,
                run.restarts,
                health);
    }

    private static Optional<Instant> instant(long millis) {
        return millis == 0 ? Optional.empty() : Optional.of(Instant.ofEpochMilli(millis));
    }
}
