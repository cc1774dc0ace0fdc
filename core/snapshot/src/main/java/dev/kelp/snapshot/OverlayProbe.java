// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Mounts;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Xattrs;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Mount;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// One real trial of overlayfs on the file system that holds a directory: kernel version, distribution patches,
/// security
/// modules and the file system below (no `user.*` attributes, no d_type, another overlay) all have a say, so
/// nothing short of trying tells.
final class OverlayProbe {
    private static final String PREFIX = "overlay-probe-";

    private final Path dataRoot;

    OverlayProbe(Path dataRoot) {
        this.dataRoot = dataRoot;
    }

    void run() {
        Path trial = null;
        try {
            Files.createDirectories(dataRoot);
            trial = dataRoot.resolve(PREFIX + ProcessHandle.current().pid());
            remove(trial);
            Inodes.mkdir(Fd.CWD, trial.toString(), 0700);
            tryIn(trial);
        } catch (ErrnoException e) {
            throw OverlaySnapshotter.meansUnsupported(e)
                    ? new KelpException(
                            ErrorKind.UNSUPPORTED,
                            "overlayfs does not work in `" + dataRoot + "`: " + e.getMessage(),
                            e)
                    : e.toKelp("try overlayfs in `" + dataRoot + "`");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "try overlayfs in `" + dataRoot + "`: " + e, e);
        } finally {
            if (trial != null) {
                remove(trial);
            }
        }
    }

    private static void tryIn(Path trial) throws IOException {
        for (String name : List.of("lower", "lower/dir", "upper", "work", "merged")) {
            Inodes.mkdir(Fd.CWD, trial.resolve(name).toString(), 0755);
        }
        write(trial.resolve("lower/dir/changed"));
        write(trial.resolve("lower/dir/deleted"));
        String merged = trial.resolve("merged").toString();
        MountTarget.mountOverlay(
                new Mount(
                        "overlay",
                        "overlay",
                        List.of(
                                "userxattr",
                                "index=off",
                                "upperdir=" + MountTarget.escape(trial.resolve("upper")),
                                "workdir=" + MountTarget.escape(trial.resolve("work")),
                                "lowerdir=" + MountTarget.escape(trial.resolve("lower")))),
                merged);
        try (Fd dir = Inodes.open(merged + "/dir", Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            try (Fd file = Inodes.open(dir, "changed", Inodes.O_WRONLY | Inodes.O_TRUNC, 0)) {
                Pipes.writeAll(file, "after".getBytes(StandardCharsets.US_ASCII), 0, 5);
            }
            Inodes.unlink(dir, "deleted", 0);
            Inodes.mkdir(dir, "deleted", 0755);
        } finally {
            Mounts.unmount(merged, Mounts.MNT_DETACH);
        }
        try (Fd upper = Inodes.open(trial.resolve("upper/dir/deleted").toString(), Inodes.O_RDONLY)) {
            if (Xattrs.get(upper, "user.overlay.opaque").isEmpty()) {
                throw new KelpException(
                        ErrorKind.UNSUPPORTED,
                        "overlayfs in `" + trial.getParent() + "` does not mark opaque directories in user.overlay.*");
            }
        }
        try (Fd dir = Inodes.open(trial.resolve("upper").toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            // a whiteout as the unpacker makes it
            Inodes.mknod(dir, "whiteout", dev.kelp.linux.Stat.S_IFCHR, 0, 0);
        }
    }

    private static void write(Path path) throws ErrnoException {
        int flags = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_EXCL;
        try (Fd file = Inodes.open(Fd.CWD, path.toString(), flags, 0644)) {
            Pipes.writeAll(file, "before".getBytes(StandardCharsets.US_ASCII), 0, 6);
        }
    }

    private void remove(Path trial) {
        try (Fd dir = Inodes.open(dataRoot.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(dir, String.valueOf(trial.getFileName()));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "remove `" + trial + "`: " + e, e);
        }
    }
}
