// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import java.util.Collection;
import java.util.List;
import java.util.Optional;

/// Where a snapshotter keeps what it knows: the engine's database, or memory in tests. One instance serves one
/// snapshotter. Every method is atomic and may be called from any thread. What it changed survives `kill -9` when it
/// returns; a power cut may take it back, with everything that was recorded after it, until something is written
/// durably, as every name of an image or container is. `SnapshotRecordsContract` in this module's test-jar is run
/// against each implementation.
public interface SnapshotRecords {
    /// A number that no earlier call ever returned, also not before a crash or a removal.
    long allocateId();

    Optional<Snapshot> find(String name);

    /// Adds an active snapshot or a view.
    ///
    /// @throws dev.kelp.model.KelpException ALREADY_EXISTS for a name in use, NOT_FOUND for a parent that is not
    ///     there, FAILED_PRECONDITION for a parent that is not committed, INVALID_ARGUMENT for a committed snapshot
    void insert(Snapshot snapshot);

    /// Replaces the active snapshot `key` by `committed`, which has the same id. Both names live in one space.
    ///
    /// @throws dev.kelp.model.KelpException NOT_FOUND without `key`, FAILED_PRECONDITION when `key` is not
    ///     active or the parent is not committed, ALREADY_EXISTS when the new name is in use
    void commit(String key, Snapshot.Committed committed);

    /// Removes and returns what was there.
    ///
    /// @throws dev.kelp.model.KelpException NOT_FOUND without `name`, FAILED_PRECONDITION when it is a parent
    Snapshot remove(String name);

    /// Removes several, all or none of them, and returns what was there. A name that is not there is passed over.
    ///
    /// @throws dev.kelp.model.KelpException FAILED_PRECONDITION when one of them is a parent
    List<Snapshot> removeAll(Collection<String> names);

    /// The names of all snapshots whose parent is `name`, of every kind.
    List<String> children(String name);

    /// All snapshots, as of one moment.
    List<Snapshot> all();
}
