// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.Mount;
import java.nio.file.Path;
import java.util.List;

/// All files of an active snapshot that is not mounted, to be read.
public final class MergedTree {
    private MergedTree() {}

    /// Opens the root. An overlay is mounted for that, with the snapshot's change as its topmost read-only layer,
    /// and taken
    /// out of the mount tree again at once: it lives as long as the descriptor.
    ///
    /// @param place an empty directory to mount on for a moment
    public static Fd open(ChangedTree tree, Path place) {
        if (tree.form() == ChangedTree.Form.WHOLE || tree.parents().isEmpty()) {
            return directory(tree.directory());
        }
        StringBuilder lower = new StringBuilder("lowerdir=").append(MountTarget.escape(tree.directory()));
        tree.parents().forEach(p -> lower.append(':').append(MountTarget.escape(p)));
        MountTarget.mount(
                List.of(new Mount("overlay", "overlay", List.of("userxattr", "ro", lower.toString()))), place);
        try {
            return directory(place);
        } finally {
            MountTarget.unmount(place);
        }
    }

    private static Fd directory(Path path) {
        try {
            return Inodes.open(path.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW);
        } catch (ErrnoException e) {
            throw e.toKelp("open a root file system");
        }
    }
}
