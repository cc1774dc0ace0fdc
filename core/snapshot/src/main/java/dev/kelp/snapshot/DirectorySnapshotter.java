// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Mount;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What snapshotters with one directory per snapshot have in common: the order of files and records.
abstract class DirectorySnapshotter implements Snapshotter {
    /// From how many inodes on a removal may slow down what comes after it.
    private static final int LARGE_INODES = 200;

    final SnapshotDirectories directories;
    private final SnapshotRecords records;

    DirectorySnapshotter(Path root, SnapshotRecords records) {
        this.directories = new SnapshotDirectories(root);
        this.records = records;
    }

    /// Makes the directory of a new snapshot.
    abstract void populate(Snapshot snapshot, List<Snapshot.Committed> parents);

    abstract List<Mount> mounts(Snapshot snapshot, List<Snapshot.Committed> parents);

    abstract ChangedTree changes(Snapshot.Active snapshot, List<Snapshot.Committed> parents);

    abstract LayerTarget layerTarget(Snapshot.Active snapshot, List<Snapshot.Committed> parents);

    /// Tidies the directory of a snapshot that was just committed; may be lost in a crash.
    abstract void committed(Snapshot.Committed snapshot);

    @Override
    public List<Mount> prepare(String key, @Nullable String parent, Map<String, String> labels) {
        return create(
                new Snapshot.Active(key, records.allocateId(), Optional.ofNullable(parent), Instant.now(), labels));
    }

    @Override
    public List<Mount> view(String key, @Nullable String parent, Map<String, String> labels) {
        return create(new Snapshot.View(key, records.allocateId(), Optional.ofNullable(parent), Instant.now(), labels));
    }

    private List<Mount> create(Snapshot snapshot) {
        checkName(snapshot.name());
        if (records.find(snapshot.name()).isPresent()) {
            throw new KelpException(
                    ErrorKind.ALREADY_EXISTS, "create snapshot `" + snapshot.name() + "`: it exists already");
        }
        List<Snapshot.Committed> parents = parents(snapshot);
        directories.make(snapshot.id());
        try {
            populate(snapshot, parents);
            records.insert(snapshot);
        } catch (RuntimeException | Error e) {
            removeAfterFailure(snapshot.id(), e);
            throw e;
        } finally {
            directories.made(snapshot.id());
        }
        return mounts(snapshot, parents);
    }

    private void removeAfterFailure(long id, Throwable failure) {
        try {
            directories.remove(id);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    private static void checkName(String name) {
        if (name.isEmpty() || name.length() > 1024) {
            throw KelpException.invalid("snapshot name `" + name + "` is empty or longer than 1024 characters");
        }
    }

    /// The chain of parents, nearest first.
    private List<Snapshot.Committed> parents(Snapshot snapshot) {
        List<Snapshot.Committed> chain = new ArrayList<>();
        for (Optional<String> next = snapshot.parent(); next.isPresent(); ) {
            if (chain.size() == LAYERS_MAX) {
                throw KelpException.invalid(
                        "snapshot `" + snapshot.name() + "` has more than " + LAYERS_MAX + " layers below it");
            }
            Snapshot parent = stat(next.get());
            if (!(parent instanceof Snapshot.Committed committed)) {
                throw new KelpException(
                        ErrorKind.FAILED_PRECONDITION, "parent snapshot `" + parent.name() + "` is not committed");
            }
            chain.add(committed);
            next = committed.parent();
        }
        return chain;
    }

    @Override
    public List<Mount> mounts(String key) {
        Snapshot snapshot = stat(key);
        if (snapshot instanceof Snapshot.Committed) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION, "mount snapshot `" + key + "`: it is committed; make a view of it");
        }
        return mounts(snapshot, parents(snapshot));
    }

    @Override
    public LayerTarget layerTarget(String key) {
        Snapshot.Active active = active(key);
        return layerTarget(active, parents(active));
    }

    @Override
    public ChangedTree changes(String key) {
        Snapshot.Active active = active(key);
        return changes(active, parents(active));
    }

    private Snapshot.Active active(String key) {
        if (stat(key) instanceof Snapshot.Active active) {
            return active;
        }
        throw new KelpException(ErrorKind.FAILED_PRECONDITION, "snapshot `" + key + "` is not active");
    }

    @Override
    public Snapshot.Committed commit(String name, String key, CommitOptions options) {
        checkName(name);
        Snapshot.Active active = active(key);
        Snapshot.Committed committed = new Snapshot.Committed(
                name,
                active.id(),
                parentAfter(active, options.parent()),
                Instant.now(),
                options.labels(),
                options.usage() != null ? options.usage() : directories.measure(directories.fs(active.id())));
        parents(committed);
        if (options.durable()) {
            sync(active.id());
        }
        records.commit(key, committed);
        committed(committed);
        return committed;
    }

    private Optional<String> parentAfter(Snapshot.Active active, @Nullable String wanted) {
        Optional<String> present = active.parent();
        if (wanted == null || present.equals(Optional.of(wanted))) {
            return present;
        }
        if (present.isPresent() || !canRebase()) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION,
                    "commit snapshot `" + active.name() + "` onto `" + wanted + "`: it was "
                            + (present.isPresent()
                                    ? "prepared on `" + present.get() + "`"
                                    : "prepared without a parent")
                            + " and " + name() + " cannot change that");
        }
        return Optional.of(wanted);
    }

    private void sync(long id) {
        try (Fd dir = directories.open(directories.fs(id))) {
            Inodes.syncfs(dir);
        } catch (ErrnoException e) {
            throw e.toKelp("write snapshot to the disk");
        }
    }

    @Override
    public void remove(String name) {
        removeFiles(records.remove(name));
    }

    @Override
    public void removeAll(Collection<String> names) {
        KelpException first = null;
        for (Snapshot gone : records.removeAll(names)) {
            try {
                removeFiles(gone);
            } catch (KelpException e) {
                // its files go with the next cleanup
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }

    private void removeFiles(Snapshot gone) {
        if (gone instanceof Snapshot.Committed c && c.usage().inodes() >= LARGE_INODES) {
            directories.removingLarge(gone.id());
        }
        directories.remove(gone.id());
    }

    @Override
    public Snapshot stat(String name) {
        return records.find(name).orElseThrow(() -> KelpException.notFound("snapshot `" + name + "` does not exist"));
    }

    @Override
    public Usage usage(String name) {
        Snapshot snapshot = stat(name);
        if (snapshot instanceof Snapshot.Committed committed) {
            return committed.usage();
        }
        Path fs = directories.fs(snapshot.id());
        return snapshot instanceof Snapshot.View ? Usage.NONE : directories.measure(fs);
    }

    @Override
    public List<Snapshot> list(Predicate<Snapshot> filter) {
        Map<String, Snapshot> byName = new HashMap<>();
        List<Snapshot> all = records.all();
        all.forEach(s -> byName.put(s.name(), s));
        List<Snapshot> ordered = new ArrayList<>(all.size());
        Set<String> done = new HashSet<>();
        for (Snapshot s : all) {
            List<Snapshot> chain = new ArrayList<>();
            for (Snapshot at = s; at != null && done.add(at.name()); ) {
                chain.add(at);
                at = at.parent().map(byName::get).orElse(null);
            }
            ordered.addAll(chain.reversed());
        }
        return ordered.stream().filter(filter).toList();
    }

    @Override
    public int cleanup() {
        return directories.sweep(() -> records.all().stream().map(Snapshot::id).collect(Collectors.toSet()));
    }
}
