// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Records that end with the process: for tests.
public final class MemorySnapshotRecords implements SnapshotRecords {
    private final Map<String, Snapshot> all = new LinkedHashMap<>();
    private long lastId;

    public MemorySnapshotRecords() {}

    @Override
    public synchronized long allocateId() {
        return ++lastId;
    }

    @Override
    public synchronized Optional<Snapshot> find(String name) {
        return Optional.ofNullable(all.get(name));
    }

    @Override
    public synchronized void insert(Snapshot snapshot) {
        if (snapshot instanceof Snapshot.Committed) {
            throw KelpException.invalid("snapshot `" + snapshot.name() + "` is committed");
        }
        checkFree(snapshot.name());
        checkParent(snapshot);
        all.put(snapshot.name(), snapshot);
    }

    private void checkFree(String name) {
        if (all.containsKey(name)) {
            throw new KelpException(ErrorKind.ALREADY_EXISTS, "snapshot `" + name + "` exists already");
        }
    }

    private void checkParent(Snapshot snapshot) {
        if (snapshot.parent().isEmpty()) {
            return;
        }
        String parent = snapshot.parent().get();
        if (!all.containsKey(parent)) {
            throw KelpException.notFound("parent snapshot `" + parent + "` does not exist");
        }
        if (!(all.get(parent) instanceof Snapshot.Committed)) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, "parent `" + parent + "` is not committed");
        }
    }

    @Override
    public synchronized void commit(String key, Snapshot.Committed committed) {
        Snapshot old = all.get(key);
        if (old == null) {
            throw KelpException.notFound("snapshot `" + key + "` does not exist");
        }
        if (!(old instanceof Snapshot.Active)) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, "snapshot `" + key + "` is not active");
        }
        checkFree(committed.name());
        checkParent(committed);
        all.remove(key);
        all.put(committed.name(), committed);
    }

    @Override
    public synchronized Snapshot remove(String name) {
        if (!all.containsKey(name)) {
            throw KelpException.notFound("snapshot `" + name + "` does not exist");
        }
        if (!children(name).isEmpty()) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, "snapshot `" + name + "` has children");
        }
        return all.remove(name);
    }

    @Override
    public synchronized List<Snapshot> removeAll(Collection<String> names) {
        for (String name : names) {
            if (!children(name).isEmpty()) {
                throw new KelpException(ErrorKind.FAILED_PRECONDITION, "snapshot `" + name + "` has children");
            }
        }
        return names.stream().filter(all::containsKey).map(all::remove).toList();
    }

    @Override
    public synchronized List<String> children(String name) {
        return all.values().stream()
                .filter(s -> s.parent().equals(Optional.of(name)))
                .map(Snapshot::name)
                .toList();
    }

    @Override
    public synchronized List<Snapshot> all() {
        return List.copyOf(all.values());
    }
}
