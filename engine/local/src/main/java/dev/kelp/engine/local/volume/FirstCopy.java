// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.volume;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.snapshot.TreeCopy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Fills an empty directory with a copy of another, all or nothing also when the daemon is killed meanwhile.
///
/// @param work a folder of this class' own on the file system of the volumes
record FirstCopy(Path work) {
    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;
    /// Before the name of a copy that is complete; no volume's name begins so.
    private static final String STAGED = "+";

    /// Copies content, owner and mode of `from` to `to`, which is empty.
    ///
    /// @param key names the copy, one at a time
    /// @param durable whether the copy survives a power cut, too
    void copy(String key, Fd from, Path to, boolean durable) throws IOException {
        Files.createDirectories(work);
        try (Fd folder = Inodes.open(work.toString(), DIRECTORY)) {
            Inodes.removeTree(folder, key);
            Inodes.mkdir(folder, key, 0700);
            try (Fd copy = Inodes.open(folder, key, DIRECTORY, 0)) {
                TreeCopy.copy(from, copy);
                if (durable) {
                    Inodes.syncfs(copy);
                }
            }
            Inodes.rename(folder, key, folder, STAGED + key, 0);
            moveIn(folder, STAGED + key, to);
        }
    }

    private static void moveIn(Fd folder, String staged, Path to) throws IOException {
        try (Fd copy = Inodes.open(folder, staged, DIRECTORY, 0);
                Fd target = Inodes.open(to.toString(), DIRECTORY)) {
            for (String name : Inodes.list(copy)) {
                try {
                    Inodes.rename(copy, name, target, name, Inodes.RENAME_NOREPLACE);
                } catch (ErrnoException e) {
                    // a container that has the volume already made one of that name: it is the newer
                    if (!e.is(Errno.EEXIST)) {
                        throw e;
                    }
                }
            }
            Stat stat = Inodes.stat(copy);
            Inodes.chown(target, stat.uid(), stat.gid());
            Inodes.chmod(target, stat.permissions());
        }
        Inodes.removeTree(folder, staged);
    }

    /// The keys of copies that are complete and wait to be moved in; the others are removed.
    List<String> recover() throws IOException {
        if (!Files.isDirectory(work)) {
            return List.of();
        }
        try (Fd folder = Inodes.open(work.toString(), DIRECTORY)) {
            List<String> names = Inodes.list(folder);
            for (String name : names) {
                if (!name.startsWith(STAGED)) {
                    Inodes.removeTree(folder, name);
                }
            }
            return names.stream()
                    .filter(n -> n.startsWith(STAGED))
                    .map(n -> n.substring(STAGED.length()))
                    .toList();
        }
    }

    /// Finishes a copy that [#recover] found.
    void finish(String key, Path to) throws IOException {
        try (Fd folder = Inodes.open(work.toString(), DIRECTORY)) {
            moveIn(folder, STAGED + key, to);
        }
    }

    /// Removes a copy that [#recover] found and whose volume is gone.
    void drop(String key) throws IOException {
        try (Fd folder = Inodes.open(work.toString(), DIRECTORY)) {
            Inodes.removeTree(folder, STAGED + key);
        }
    }
}
