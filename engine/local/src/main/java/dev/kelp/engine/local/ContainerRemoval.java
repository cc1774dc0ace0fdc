// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.ContainerLifecycle.Ending;
import dev.kelp.engine.local.ContainerRecord.Phase;
import dev.kelp.linux.Processes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;

/// Removes containers. Each first gets the phase REMOVING, which nothing leads out of; then its files go, then its
/// record. A daemon that ends in between has its successor finish this.
///
/// Many go [#AT_A_TIME] at once: what says that they are going waits for the disk once for all of a lane's. There are
/// [#LANES] because a disk that is told of each freed block (the mount option `discard`) lets unlink(2) wait for 1 to 3
/// ms, and several of them at a time.
final class ContainerRemoval {
    private static final Logger LOG = System.getLogger(ContainerRemoval.class.getName());

    /// How many are between their last sight and their end; a killed daemon leaves so many to its successor.
    static final int AT_A_TIME = 128;

    private static final int LANES = 8;

    /// How often a forced removal ends a container that others start again and again.
    private static final int FORCED_TRIES_MAX = 5;

    private final ContainerLifecycle lifecycle;
    private final ContainerRecords records;
    private final ContainerFiles files;
    private final ContainerNetworking networking;
    private final ContainerLifecycle.Observer observer;
    private final ExecutorService background;

    ContainerRemoval(
            ContainerLifecycle lifecycle,
            ContainerRecords records,
            ContainerFiles files,
            ContainerNetworking networking,
            ContainerLifecycle.Observer observer,
            ExecutorService background) {
        this.lifecycle = lifecycle;
        this.records = records;
        this.files = files;
        this.networking = networking;
        this.observer = observer;
        this.background = background;
    }

    /// Told what became of each of many, with the very records it was asked for.
    interface Outcome {
        void removed(ContainerRecord c);

        void failed(ContainerRecord c, KelpException why);
    }

    /// @param force ends it first, also when somebody starts it meanwhile
    /// @param volumes whether the volumes nobody named go, too
    void remove(ContainerRecord c, boolean force, boolean volumes) {
        leave(c, force, volumes).ifPresent(this::finish);
    }

    /// As [#remove] for many; one that cannot be removed does not keep the others. An exception of the outcome, or
    /// a
    /// user who interrupts, ends this with what is on its way.
    void removeAll(List<ContainerRecord> all, boolean force, boolean volumes, Outcome outcome) {
        for (int from = 0; from < all.size(); from += AT_A_TIME) {
            List<ContainerRecord> page = all.subList(from, Math.min(all.size(), from + AT_A_TIME));
            IdentityHashMap<ContainerRecord, KelpException> failures = new IdentityHashMap<>();
            List<ContainerRecord> leaving = new ArrayList<>();
            Map<String, KelpException> unfinished = new HashMap<>();
            try {
                for (ContainerRecord c : page) {
                    try {
                        leave(c, force, volumes).ifPresent(leaving::add);
                    } catch (KelpException e) {
                        failures.put(c, e);
                        if (e.kind() == ErrorKind.CANCELLED) {
                            throw e;
                        }
                    }
                }
            } finally {
                // before the next start of a daemon nobody else would finish these
                unfinished.putAll(finishAll(leaving));
            }
            for (ContainerRecord c : page) {
                KelpException failure = failures.containsKey(c) ? failures.get(c) : unfinished.get(c.id());
                if (failure == null) {
                    outcome.removed(c);
                } else {
                    outcome.failed(c, failure);
                }
            }
        }
    }

    /// Takes a container from everybody's sight. Empty when it went by itself meanwhile.
    private Optional<ContainerRecord> leave(ContainerRecord c, boolean force, boolean volumes) {
        boolean killed = false;
        for (int tries = 1; ; tries++) {
            killed |= force && kill(c);
            try {
                return Optional.of(lifecycle.leave(c, volumes));
            } catch (KelpException e) {
                Optional<ContainerRecord> now = records.byId(c.namespace(), c.id());
                boolean present =
                        now.filter(n -> n.run().phase() != Phase.REMOVING).isPresent();
                if (killed && !present) {
                    // one that removes itself at its end (`--rm`) is gone already: that is what was asked for
                    return Optional.empty();
                }
                boolean started = force && present && e.kind() == ErrorKind.FAILED_PRECONDITION;
                if (!started || tries == FORCED_TRIES_MAX) {
                    throw e;
                }
            }
        }
    }

    /// Ends a container at once; false when it did not run.
    private boolean kill(ContainerRecord c) {
        Optional<Ending> ending = lifecycle.toStop(c);
        if (ending.isEmpty()) {
            return false;
        }
        try {
            ending.get().task().kill(Processes.SIGKILL);
        } catch (KelpException e) {
            LOG.log(Level.DEBUG, "kill of " + c.id() + " met its end", e);
        }
        Waiting.forExit(ending.get().exit(), 10_000);
        return true;
    }

    /// Removes the files, then the record of a container that is REMOVING.
    void finish(ContainerRecord c) {
        observer.leaves(c);
        files.delete(c);
        forget(c);
    }

    private Map<String, KelpException> finishAll(List<ContainerRecord> leaving) {
        List<CompletableFuture<Map<String, KelpException>>> lanes = new ArrayList<>();
        int share = Math.ceilDiv(leaving.size(), LANES);
        for (int from = 0; from < leaving.size(); from += share) {
            List<ContainerRecord> own = leaving.subList(from, Math.min(leaving.size(), from + share));
            lanes.add(CompletableFuture.supplyAsync(() -> finishShare(own), background));
        }
        Map<String, KelpException> failures = new HashMap<>();
        lanes.forEach(lane -> failures.putAll(Waiting.on(lane)));
        return failures;
    }

    /// @return by id, why the removal failed; a later daemon tries again
    private Map<String, KelpException> finishShare(List<ContainerRecord> leaving) {
        Map<String, KelpException> failures = new HashMap<>();
        List<ContainerRecord> bare = new ArrayList<>();
        for (ContainerRecord c : leaving) {
            attempt(c, failures, () -> {
                observer.leaves(c);
                files.discard(c);
                bare.add(c);
            });
        }
        try {
            files.deleteSnapshots(bare);
        } catch (KelpException e) {
            // then one by one: the others are not to suffer from what one of them has
            LOG.log(Level.WARNING, "remove " + bare.size() + " snapshots at once", e);
        }
        for (ContainerRecord c : bare) {
            attempt(c, failures, () -> {
                files.delete(c);
                forget(c);
            });
        }
        return failures;
    }

    private static void attempt(ContainerRecord c, Map<String, KelpException> failures, Runnable work) {
        try {
            work.run();
        } catch (KelpException e) {
            failures.put(c.id(), e);
        } catch (RuntimeException e) {
            failures.put(c.id(), new KelpException(ErrorKind.INTERNAL, "remove container " + c.id() + ": " + e, e));
        }
    }

    private void forget(ContainerRecord c) {
        files.volumes().delete(c);
        networking.forget(c);
        lifecycle.forget(c);
    }
}
