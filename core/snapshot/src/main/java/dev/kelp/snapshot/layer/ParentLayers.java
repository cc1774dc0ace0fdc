// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.linux.Xattrs;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.LayerTarget.Deletions;
import dev.kelp.snapshot.TreeCopy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Takes over from parent layers, in overlayfs form, what a layer left to them: see [PendingInheritance].
final class ParentLayers implements AutoCloseable {
    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;

    private final List<Fd> parents = new ArrayList<>();

    ParentLayers(List<Path> paths) throws ErrnoException {
        try {
            for (Path p : paths) {
                parents.add(Inodes.open(p.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY));
            }
        } catch (ErrnoException e) {
            close();
            throw e;
        }
    }

    void give(PendingInheritance pending, Fd root) throws ErrnoException {
        List<String> implied = new ArrayList<>(pending.impliedDirectories());
        try (TargetDirectories directories = new TargetDirectories(root, Deletions.OVERLAY)) {
            for (PendingInheritance.Link link : pending.links()) {
                link(link, directories);
            }
            implied.addAll(directories.implied());
        }
        for (String path : implied) {
            copyDirectory(path, root);
        }
        if (pending.opaqueRoot()) {
            hideRoot(root);
        }
    }

    private void link(PendingInheritance.Link link, TargetDirectories directories) throws ErrnoException {
        String name = LayerPath.name(link.target());
        try (Fd from = find(link.target(), false)) {
            if (from == null) {
                throw new KelpException(
                        ErrorKind.INVALID_ARGUMENT,
                        "unpack layer: `" + link.path() + "` is a hard link to `" + link.target()
                                + "`, which neither this layer nor one below has");
            }
            Fd to = directories.open(LayerPath.parent(link.target())).fd();
            try {
                TreeCopy.copyFile(from, to, name);
            } catch (ErrnoException e) {
                if (!e.is(Errno.EEXIST)) {
                    throw e;
                }
            }
        }
        Fd target = directories.open(LayerPath.parent(link.target())).fd();
        Fd place = directories.open(LayerPath.parent(link.path())).fd();
        try {
            Inodes.link(target, name, place, LayerPath.name(link.path()), 0);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
    }

    private void copyDirectory(String path, Fd root) throws ErrnoException {
        try (Fd from = find(path, true)) {
            if (from == null) {
                return;
            }
            long beneath = Inodes.RESOLVE_IN_ROOT | Inodes.RESOLVE_NO_MAGICLINKS;
            try (Fd to = Inodes.openResolved(root, path, DIRECTORY, 0, beneath)) {
                Stat stat = Inodes.stat(from);
                Inodes.chown(to, stat.uid(), stat.gid());
                for (String name : Xattrs.list(from)) {
                    Optional<byte[]> value = Xattrs.get(from, name);
                    if (value.isPresent() && !name.startsWith(Whiteouts.XATTR_PREFIX)) {
                        Xattrs.set(to, name, value.get());
                    }
                }
                Inodes.chmod(to, stat.permissions());
                Inodes.setTimes(to, stat.modifiedNanos(), stat.modifiedNanos());
            }
        }
    }

    /// In the nearest parent that has `path`: the directory there, or the directory that holds the file there. Null
    /// when
    /// no parent has one, or something nearer hides it.
    private @Nullable Fd find(String path, boolean directory) throws ErrnoException {
        for (Fd parent : parents) {
            Found found = look(parent, path, directory);
            if (found.fd != null || found.hidden) {
                return found.fd;
            }
        }
        return null;
    }

    private record Found(@Nullable Fd fd, boolean hidden) {
        static final Found NOTHING = new Found(null, false);
        static final Found HIDDEN = new Found(null, true);
    }

    private static Found look(Fd parent, String path, boolean directory) throws ErrnoException {
        Fd at = Inodes.open(parent, ".", DIRECTORY, 0);
        boolean opaque = false;
        try {
            String[] names = path.split("/", -1);
            for (int i = 0; i < names.length; i++) {
                Stat stat = statOrNull(at, names[i]);
                if (stat == null) {
                    return opaque ? Found.HIDDEN : Found.NOTHING;
                }
                boolean last = i == names.length - 1;
                if (last && !directory && !stat.isDirectory() && !stat.isWhiteout()) {
                    return new Found(at.duplicate(), false);
                }
                if (!stat.isDirectory()) {
                    return Found.HIDDEN;
                }
                opaque |= Whiteouts.isOpaque(at, names[i]);
                Fd next = Inodes.open(at, names[i], DIRECTORY, 0);
                at.close();
                at = next;
            }
            return directory ? new Found(at.duplicate(), false) : Found.HIDDEN;
        } finally {
            at.close();
        }
    }

    private static @Nullable Stat statOrNull(Fd dir, String name) throws ErrnoException {
        try {
            return Inodes.stat(dir, name, Inodes.AT_SYMLINK_NOFOLLOW);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return null;
            }
            throw e;
        }
    }

    /// Hides each name of the parents' roots by itself, as the root cannot be opaque.
    private void hideRoot(Fd root) throws ErrnoException {
        for (Fd parent : parents) {
            for (String name : Inodes.list(parent)) {
                Stat own = statOrNull(root, name);
                if (own == null) {
                    Whiteouts.mark(root, name);
                } else if (own.isDirectory()) {
                    Whiteouts.makeOpaque(root, name);
                }
            }
        }
    }

    @Override
    public void close() {
        parents.forEach(Fd::close);
    }
}
