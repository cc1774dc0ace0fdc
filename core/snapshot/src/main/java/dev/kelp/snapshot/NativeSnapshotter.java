// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.model.Mount;
import java.nio.file.Path;
import java.util.List;

/// Snapshots that are whole copies of their parent: works on every file system, costs the space unless that file
/// system shares blocks (btrfs, XFS, bcachefs), and [#prepare] takes as long as the copy.
public final class NativeSnapshotter extends DirectorySnapshotter {
    public static final String NAME = "native";

    /// @param dataRoot the instance's data root; files lie in `snapshots/native` below it
    public NativeSnapshotter(Path dataRoot, SnapshotRecords records) {
        super(dataRoot.resolve("snapshots").resolve(NAME), records);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean canRebase() {
        return false;
    }

    @Override
    void populate(Snapshot snapshot, List<Snapshot.Committed> parents) {
        if (snapshot instanceof Snapshot.View && !parents.isEmpty()) {
            return;
        }
        directories.create(snapshot.id(), SnapshotDirectories.FS);
        if (!parents.isEmpty()) {
            Path from = directories.fs(parents.getFirst().id());
            try (Fd source = directories.open(from);
                    Fd copy = directories.open(directories.fs(snapshot.id()))) {
                TreeCopy.copy(source, copy);
            } catch (ErrnoException e) {
                throw e.toKelp("copy snapshot `" + parents.getFirst().name() + "`");
            }
        }
    }

    @Override
    List<Mount> mounts(Snapshot snapshot, List<Snapshot.Committed> parents) {
        boolean writable = snapshot instanceof Snapshot.Active;
        long id = writable || parents.isEmpty()
                ? snapshot.id()
                : parents.getFirst().id();
        return List.of(new Mount("bind", directories.fs(id).toString(), List.of("rbind", writable ? "rw" : "ro")));
    }

    @Override
    LayerTarget layerTarget(Snapshot.Active snapshot, List<Snapshot.Committed> parents) {
        return new LayerTarget(directories.fs(snapshot.id()), LayerTarget.Deletions.REMOVE, List.of());
    }

    @Override
    ChangedTree changes(Snapshot.Active snapshot, List<Snapshot.Committed> parents) {
        return new ChangedTree(
                directories.fs(snapshot.id()),
                ChangedTree.Form.WHOLE,
                parents.stream().limit(1).map(p -> directories.fs(p.id())).toList());
    }

    @Override
    void committed(Snapshot.Committed snapshot) {}
}
