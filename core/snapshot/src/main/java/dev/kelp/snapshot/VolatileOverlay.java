// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.Mount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Overlays that never wait for the disk: fsync(2) inside them does nothing, and unmounting one does not write out
/// everything that is dirty on its file system (option `volatile`, kernel documentation "Overlay Filesystem", since
/// Linux 5.10). For changes that nobody misses after the machine has crashed.
///
/// The kernel leaves a mark in the work directory and refuses to mount a snapshot that has one, for fear of a crash.
/// [MountTarget] takes the mark away then.
public final class VolatileOverlay {
    private static final String UPPER = "upperdir=";
    private static final String WORK = "workdir=";
    private static final String OPTION = "volatile";

    private VolatileOverlay() {}

    /// The same mounts, those of writable overlays volatile.
    public static List<Mount> of(List<Mount> mounts) {
        return mounts.stream().map(VolatileOverlay::of).toList();
    }

    private static Mount of(Mount mount) {
        if (!isWritable(mount)) {
            return mount;
        }
        List<String> options = new ArrayList<>(mount.options());
        options.addFirst(OPTION);
        return new Mount(mount.type(), mount.source(), options);
    }

    private static boolean isWritable(Mount mount) {
        return mount.type().equals("overlay") && mount.options().stream().anyMatch(o -> o.startsWith(UPPER));
    }

    /// Takes away the mark of an earlier volatile mount.
    ///
    /// @return whether there was one
    static boolean unmark(Mount mount) {
        for (String option : mount.options()) {
            if (option.startsWith(WORK)) {
                Path work = Path.of(
                        MountTarget.split(option.substring(WORK.length())).getFirst());
                String marks = work.resolve("work").resolve("incompat").toString();
                try (Fd incompatible = Inodes.open(marks, Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW)) {
                    Inodes.removeTree(incompatible, OPTION);
                    return true;
                } catch (IOException e) {
                    return false;
                }
            }
        }
        return false;
    }
}
