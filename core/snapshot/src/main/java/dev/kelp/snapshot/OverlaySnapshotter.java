// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Mount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Snapshots by overlayfs in a user namespace (kernel documentation "Overlay Filesystem", since Linux 5.11): each
/// directory holds one change in overlayfs' own form, so unpacking a layer needs no mount and nothing is copied.
///
/// The option `userxattr` keeps overlayfs' marks in `user.overlay.*`, which is what a user namespace may write.
public final class OverlaySnapshotter extends DirectorySnapshotter {
    public static final String NAME = "overlayfs";

    /// @param dataRoot the instance's data root; files lie in `snapshots/overlayfs` below it
    public OverlaySnapshotter(Path dataRoot, SnapshotRecords records) {
        super(dataRoot.resolve("snapshots").resolve(NAME), records);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean canRebase() {
        return true;
    }

    @Override
    void populate(Snapshot snapshot, List<Snapshot.Committed> parents) {
        if (snapshot instanceof Snapshot.Active) {
            directories.create(snapshot.id(), SnapshotDirectories.FS, SnapshotDirectories.WORK);
            if (!parents.isEmpty()) {
                inheritRoot(snapshot.id(), parents.getFirst().id());
            }
        } else if (parents.isEmpty()) {
            directories.create(snapshot.id(), SnapshotDirectories.FS);
        }
    }

    /// The merged root shows the upper directory's owner and mode, so they start as the parent's.
    private void inheritRoot(long id, long parent) {
        try (Fd from = directories.open(directories.fs(parent));
                Fd to = directories.open(directories.fs(id))) {
            Stat stat = Inodes.stat(from);
            if (stat.uid() != 0 || stat.gid() != 0) {
                Inodes.chown(to, stat.uid(), stat.gid());
            }
            Inodes.chmod(to, stat.permissions());
        } catch (ErrnoException e) {
            throw e.toKelp("take over the root directory's owner and mode");
        }
    }

    @Override
    List<Mount> mounts(Snapshot snapshot, List<Snapshot.Committed> parents) {
        boolean writable = snapshot instanceof Snapshot.Active;
        if (parents.isEmpty()) {
            return List.of(bind(snapshot.id(), writable));
        }
        if (!writable && parents.size() == 1) {
            return List.of(bind(parents.getFirst().id(), false));
        }
        List<String> options = new ArrayList<>(List.of("userxattr", "index=off"));
        if (writable) {
            options.add("upperdir=" + MountTarget.escape(directories.fs(snapshot.id())));
            options.add("workdir=" + MountTarget.escape(directories.work(snapshot.id())));
        } else {
            options.add("ro");
        }
        StringBuilder lower = new StringBuilder("lowerdir=");
        for (Snapshot.Committed parent : parents) {
            lower.append(lower.length() > 9 ? ":" : "").append(MountTarget.escape(directories.fs(parent.id())));
        }
        options.add(lower.toString());
        return List.of(new Mount("overlay", "overlay", options));
    }

    private Mount bind(long id, boolean writable) {
        return new Mount("bind", directories.fs(id).toString(), List.of("rbind", writable ? "rw" : "ro"));
    }

    @Override
    LayerTarget layerTarget(Snapshot.Active snapshot, List<Snapshot.Committed> parents) {
        return new LayerTarget(
                directories.fs(snapshot.id()),
                LayerTarget.Deletions.OVERLAY,
                parents.stream().map(p -> directories.fs(p.id())).toList());
    }

    @Override
    ChangedTree changes(Snapshot.Active snapshot, List<Snapshot.Committed> parents) {
        return new ChangedTree(
                directories.fs(snapshot.id()),
                ChangedTree.Form.OVERLAY,
                parents.stream().map(p -> directories.fs(p.id())).toList());
    }

    @Override
    void committed(Snapshot.Committed snapshot) {
        try (Fd dir = directories.open(directories.path(snapshot.id()))) {
            Inodes.removeTree(dir, SnapshotDirectories.WORK);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "remove the work directory of snapshot " + snapshot.id(), e);
        }
    }

    /// Tries overlayfs in `dataRoot` for real: mount, write, copy up, whiteout, rename of a merged directory's
    /// file.
    ///
    /// @throws KelpException UNSUPPORTED with the reason when it does not work there
    public static void probe(Path dataRoot) {
        new OverlayProbe(dataRoot).run();
    }

    /// Whether a failed system call of a probe means "not here" rather than trouble.
    static boolean meansUnsupported(ErrnoException e) {
        return e.is(Errno.EPERM)
                || e.is(Errno.EINVAL)
                || e.is(Errno.ENODEV)
                || e.is(Errno.ENOTSUP)
                || e.is(Errno.ENOSYS)
                || e.is(Errno.EACCES);
    }
}
