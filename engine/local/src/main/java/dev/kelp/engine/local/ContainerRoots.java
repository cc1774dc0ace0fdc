// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.ContainerRecord.Definition;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Mount;
import dev.kelp.rootless.Instance;
import dev.kelp.snapshot.ChangedTree;
import dev.kelp.snapshot.HostRootfs;
import dev.kelp.snapshot.MergedTree;
import dev.kelp.snapshot.MountTarget;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.VolatileOverlay;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// The root file systems of containers: where they are mounted, and from what.
///
/// They are never mounted below a folder that is removed as a tree: removing would go through the mount.
final class ContainerRoots {
    private final Instance instance;
    private final Function<String, Snapshotter> snapshotters;
    private final OpenMountPoints openMountPoints = new OpenMountPoints();

    /// @param snapshotters by name
    ContainerRoots(Instance instance, Function<String, Snapshotter> snapshotters) {
        this.instance = instance;
        this.snapshotters = snapshotters;
    }

    private Path mountPoint(ContainerRecord c) {
        return OpenMountPoints.areFor(c.definition().ids())
                ? openMountPoints.of(c.id())
                : instance.runRoot().resolve("mounts").resolve(c.id());
    }

    private void makeMountPoint(ContainerRecord c) throws IOException {
        if (OpenMountPoints.areFor(c.definition().ids())) {
            openMountPoints.make(c.id());
        } else {
            ContainerFiles.make(mountPoint(c));
        }
    }

    /// The root file system of a container that runs or is ready to.
    Path of(ContainerRecord c) {
        String rootfs = c.definition().spec().rootfs();
        return rootfs == null || rootfs.equals("/") ? mountPoint(c) : Path.of(rootfs);
    }

    /// Mounts it for a run. What a container that is removed at its end changes may be lost when the machine
    /// crashes:
    /// such a container never waits for the disk.
    Path mount(ContainerRecord c) throws IOException {
        return mount(c, c.definition().spec().lifecycle().autoRemove());
    }

    /// Mounts it for the engine's own work, whose end would else wait until all is written that is dirty on the
    /// file
    /// system.
    Path mountBriefly(ContainerRecord c) throws IOException {
        return mount(c, true);
    }

    private Path mount(ContainerRecord c, boolean lossy) throws IOException {
        makeMountPoint(c);
        Definition d = c.definition();
        Path target = mountPoint(c);
        String rootfs = d.spec().rootfs();
        if (rootfs == null) {
            List<Mount> mounts = snapshotter(c).mounts(c.id());
            MountTarget.mount(lossy ? VolatileOverlay.of(mounts) : mounts, target);
            return target;
        }
        if (!rootfs.equals("/")) {
            return Path.of(rootfs);
        }
        Path tree = instance.dataRoot().resolve("containers").resolve(c.id()).resolve("host");
        removeTree(tree);
        Path root = tree.resolve("root");
        Path scratch = tree.resolve("scratch");
        Files.createDirectories(root);
        Files.createDirectories(scratch);
        List<Path> hidden = new ArrayList<>(Homes.of(Path.of("/etc/passwd"), instance.hostUid(), instance.home()));
        hidden.addAll(List.of(instance.dataRoot(), instance.runRoot(), instance.installRoot()));
        HostRootfs.View view = HostRootfs.prepare(Path.of("/"), root, scratch, hidden);
        MountTarget.mount(List.of(new Mount("bind", root.toString(), List.of("bind"))), target);
        HostRootfs.mount(view, target);
        return target;
    }

    private Snapshotter snapshotter(ContainerRecord c) {
        String name = c.definition().snapshotter();
        return snapshotters.apply(name == null ? "" : name);
    }

    /// Where the container's own layer is; it has one unless it was made from a root file system.
    ChangedTree changes(ContainerRecord c) {
        return snapshotter(c).changes(c.id());
    }

    /// The root file system, to be read: what the container sees while it runs, without what is mounted into it.
    Fd open(ContainerRecord c) {
        String rootfs = c.definition().spec().rootfs();
        try {
            if (rootfs != null && !rootfs.equals("/")) {
                return Inodes.open(rootfs, Inodes.O_RDONLY | Inodes.O_DIRECTORY);
            }
            if (c.isRunning()) {
                return Inodes.open(mountPoint(c).toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY);
            }
            if (rootfs != null) {
                throw new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "the view of this machine that container " + c.name() + " had is gone: it does not run");
            }
            Path place = Files.createTempDirectory(
                    Files.createDirectories(instance.runRoot().resolve("mounts")), "read-");
            try {
                return MergedTree.open(changes(c), place);
            } finally {
                Files.delete(place);
            }
        } catch (IOException e) {
            throw ContainerFiles.failed("open the root file system of container " + c.name(), e);
        }
    }

    /// Unmounts it; one that is not mounted is fine.
    void unmount(ContainerRecord c) {
        Path target = mountPoint(c);
        if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        String rootfs = c.definition().spec().rootfs();
        if (rootfs == null || rootfs.equals("/")) {
            // Everything below the view goes with it: MNT_DETACH takes the whole tree.
            MountTarget.unmount(target);
        }
        try {
            Files.deleteIfExists(target);
        } catch (IOException e) {
            throw ContainerFiles.failed("remove the mount point " + target, e);
        }
    }

    static void removeTree(Path tree) throws IOException {
        try (Fd parent =
                Inodes.open(tree.resolveSibling(".").normalize().toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(parent, tree.getFileName().toString());
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }
}
