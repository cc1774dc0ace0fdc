// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import static dev.kelp.linux.Inodes.O_DIRECTORY;
import static dev.kelp.linux.Inodes.O_NOFOLLOW;
import static dev.kelp.linux.Inodes.O_PATH;
import static dev.kelp.linux.Inodes.O_RDONLY;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.KelpException;
import java.util.Optional;

/// Paths of a container, resolved so that they end inside its root.
///
/// @param owners see [ContainerFolder]
record ContainerRoot(Fd root, Owners owners) {
    private static final long INSIDE = Inodes.RESOLVE_IN_ROOT | Inodes.RESOLVE_NO_MAGICLINKS;

    /// As the kernel has it (path_resolution(7)).
    private static final int LINKS_MAX = 40;

    record Place(String folder, String name) {}

    Fd open(String path) throws ErrnoException {
        return Inodes.openResolved(root, path, O_RDONLY | O_DIRECTORY, 0, INSIDE);
    }

    Folder folder(String path) throws ErrnoException {
        return new ContainerFolder(open(path), path, owners);
    }

    /// What is there, links followed.
    Optional<Stat> stat(String path) throws ErrnoException {
        return stat(path, 0);
    }

    private Optional<Stat> stat(String path, int flags) throws ErrnoException {
        try (Fd fd = Inodes.openResolved(root, path, O_PATH | flags, 0, INSIDE)) {
            return Optional.of(Inodes.stat(fd));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    Stat need(String path, boolean follow, String asTyped) throws ErrnoException {
        return stat(path, follow ? 0 : O_NOFOLLOW)
                .orElseThrow(
                        () -> KelpException.notFound("no such file or directory in the container: `" + asTyped + "`"));
    }

    /// Where a name leads in the end when it is a symbolic link, even to nothing.
    Place follow(String folder, String name) throws ErrnoException {
        Place at = new Place(folder, name);
        for (int links = 0; links < LINKS_MAX; links++) {
            String target;
            try (Fd parent = open(at.folder())) {
                target = Inodes.readlink(parent, at.name());
            } catch (ErrnoException e) {
                if (e.is(Errno.EINVAL) || e.is(Errno.ENOENT)) {
                    return at;
                }
                throw e;
            }
            Split next = Split.of(target.startsWith("/") ? target : at.folder() + "/" + target);
            at = new Place(next.folder(), next.name());
        }
        throw KelpException.invalid("`" + folder + "/" + name + "` of the container: too many symbolic links");
    }
}
