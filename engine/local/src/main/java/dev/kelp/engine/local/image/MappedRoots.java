// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Progress;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.local.metadata.BlobRecords.Edge;
import dev.kelp.engine.local.metadata.Leases;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.engine.local.progress.FileProgress;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.IdMapping;
import dev.kelp.model.IdMaps;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.CommitOptions;
import dev.kelp.snapshot.MountTarget;
import dev.kelp.snapshot.Snapshot;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.TreeCopy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// Images' root file systems for containers with a user namespace of their own, to whom the files must belong by other
/// ids. An id-mapped mount would show them so without a copy, but the kernel lets only the owner of a file system's
/// user namespace make one (mount_setattr(2)), and the file systems of the disk belong to the machine's. So the files
/// are copied, once for each image and map: the copy is a snapshot that lives as long as the image.
public final class MappedRoots {
    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY;

    private final ImageService service;

    MappedRoots(ImageService service) {
        this.service = service;
    }

    /// The image standing on its copy for these maps, which is made now unless it is there. Copies of other images
    /// or
    /// maps do not wait for this one.
    ///
    /// @param progress is told when it takes long
    public ImageBase of(ImageBase base, IdMaps maps, Progress progress) {
        String parent = base.parent();
        if (parent == null) {
            return base;
        }
        Snapshotter snapshotter = service.snapshotter(base.snapshotter());
        String key = key(maps);
        String name = "ids-" + key + "-" + parent;
        String work = "making-" + name;
        String view = "viewing-" + name;
        Leases leases = service.parts().leases();
        try (Leases.Pin _ = leases.pin(List.of(
                        Nodes.snapshot(snapshotter.name(), name),
                        Nodes.snapshot(snapshotter.name(), work),
                        Nodes.snapshot(snapshotter.name(), view),
                        Nodes.snapshot(snapshotter.name(), parent)));
                Turns.Turn _ = service.turns().take(name, () -> {})) {
            if (!isThere(snapshotter, name)) {
                FileProgress told = new FileProgress(
                        progress, "files of " + base.displayName() + " for these user ids", State.COPYING);
                copy(snapshotter, new Names(parent, name, work, view), maps, told);
                told.end();
            }
            service.blobs()
                    .addEdges(List.of(new Edge(Nodes.blob(base.digest()), Nodes.snapshot(snapshotter.name(), name))));
        }
        return new ImageBase(
                base.displayName(), base.digest(), base.platform(), base.config(), name, base.snapshotter());
    }

    /// @param work the copy while it is made
    /// @param view of the image, to be copied
    private record Names(String parent, String name, String work, String view) {}

    private static boolean isThere(Snapshotter snapshotter, String name) {
        return !snapshotter
                .list(s -> s.name().equals(name) && s instanceof Snapshot.Committed)
                .isEmpty();
    }

    private void copy(Snapshotter snapshotter, Names names, IdMaps maps, Runnable each) {
        remove(snapshotter, names.work());
        remove(snapshotter, names.view());
        Path place = service.parts().dataRoot().resolve("mapping").resolve(names.name());
        try {
            Files.createDirectories(place);
            MountTarget.unmount(place);
            snapshotter.prepare(names.work(), null, Map.of());
            MountTarget.mount(snapshotter.view(names.view(), names.parent(), Map.of()), place);
            try (Fd from = Inodes.open(place.toString(), DIRECTORY);
                    Fd to = Inodes.open(
                            snapshotter.layerTarget(names.work()).directory().toString(), DIRECTORY)) {
                TreeCopy.copyMapped(from, to, maps, each);
            }
            MountTarget.unmount(place);
            snapshotter.commit(names.name(), names.work(), CommitOptions.DEFAULT.withDurable(true));
        } catch (ErrnoException e) {
            throw e.toKelp("copy the image's files for other user ids");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "copy the image's files: " + e.getMessage(), e);
        } finally {
            MountTarget.unmount(place);
            remove(snapshotter, names.work());
            remove(snapshotter, names.view());
            discard(place);
        }
    }

    private static void discard(Path place) {
        try {
            Files.deleteIfExists(place);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "remove " + place + ": " + e.getMessage(), e);
        }
    }

    private static void remove(Snapshotter snapshotter, String key) {
        try {
            snapshotter.remove(key);
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.NOT_FOUND) {
                throw e;
            }
        }
    }

    /// Names the maps.
    private static String key(IdMaps maps) {
        StringBuilder text = new StringBuilder();
        for (List<IdMapping> lines : List.of(maps.uids(), maps.gids())) {
            lines.forEach(m -> text.append(m.inside() + ":" + m.outside() + ":" + m.count() + ","));
            text.append(';');
        }
        try {
            byte[] hash =
                    MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(hash, 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
