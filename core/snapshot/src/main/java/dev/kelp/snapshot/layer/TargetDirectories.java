// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.LayerTarget.Deletions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The directories of the tree being written, by path, resolved by the kernel inside the root and kept open for a
/// while:
/// a tar goes through a tree in order, so almost every entry finds its parent here.
final class TargetDirectories implements AutoCloseable {
    /// At least two, for a hard link and its target.
    private static final int OPEN_MAX = 64;
    /// As many symbolic links as the kernel follows in one path.
    private static final int LINKS_MAX = 40;

    private static final long IN_ROOT = Inodes.RESOLVE_IN_ROOT | Inodes.RESOLVE_NO_MAGICLINKS;
    private static final int O_PATH_DIRECTORY = Inodes.O_PATH | Inodes.O_DIRECTORY;

    private final Fd root;
    private final Deletions deletions;
    private final List<String> implied = new ArrayList<>();
    private final LinkedHashMap<String, Directory> open = new LinkedHashMap<>(OPEN_MAX * 2, 0.75f, true);

    /// An open directory; `setGroup` says that new files take its group instead of ours.
    record Directory(String path, Fd fd, boolean setGroup) {}

    TargetDirectories(Fd root, Deletions deletions) {
        this.root = root;
        this.deletions = deletions;
    }

    /// Directories that had to be made although nothing named them, in the order they were made.
    List<String> implied() {
        return implied;
    }

    /// The directory at a clean path, made with mode 0755 when it is not there. Valid until [#forget] or until many
    /// others were asked for.
    Directory open(String path) throws ErrnoException {
        Directory known = open.get(path);
        return known != null ? known : load(path, 0);
    }

    private Directory load(String path, int links) throws ErrnoException {
        try {
            return remember(path, resolve(path));
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT) && !e.is(Errno.ENOTDIR)) {
                throw e;
            }
        }
        make(path, links);
        return remember(path, resolve(path));
    }

    private Fd resolve(String path) throws ErrnoException {
        return Inodes.openResolved(root, path.isEmpty() ? "." : path, O_PATH_DIRECTORY, 0, IN_ROOT);
    }

    private Directory remember(String path, Fd fd) throws ErrnoException {
        Directory directory = new Directory(path, fd, (Inodes.stat(fd).mode() & 02000) != 0);
        open.put(path, directory);
        if (open.size() > OPEN_MAX) {
            Map.Entry<String, Directory> eldest = open.firstEntry();
            open.remove(eldest.getKey());
            eldest.getValue().fd().close();
        }
        return directory;
    }

    private void make(String path, int links) throws ErrnoException {
        String parentPath = LayerPath.parent(path);
        String name = LayerPath.name(path);
        Directory known = open.get(parentPath);
        Fd parent = (known != null ? known : load(parentPath, links)).fd();
        try {
            Inodes.mkdir(parent, name, 0700);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
            replace(parent, path, links);
            return;
        }
        Inodes.chmod(parent, name, 0755);
        implied.add(path);
    }

    /// Something is in the way: a whiteout gives way to a directory that hides what is below, a link to nowhere is
    /// followed as far as it goes, everything else is the layer's mistake.
    private void replace(Fd parent, String path, int links) throws ErrnoException {
        String name = LayerPath.name(path);
        Stat stat = Inodes.stat(parent, name, Inodes.AT_SYMLINK_NOFOLLOW);
        if (stat.isSymlink() && links < LINKS_MAX) {
            String target = LayerPath.linkTarget(LayerPath.parent(path), Inodes.readlink(parent, name));
            if (!target.isEmpty()) {
                load(target, links + 1);
            }
        } else if (stat.isWhiteout() && deletions == Deletions.OVERLAY) {
            Inodes.unlink(parent, name, 0);
            Inodes.mkdir(parent, name, 0700);
            Inodes.chmod(parent, name, 0755);
            Whiteouts.makeOpaque(parent, name);
            implied.add(path);
        } else {
            throw new KelpException(
                    ErrorKind.INVALID_ARGUMENT,
                    "unpack layer: `" + path + "` is not a directory, but has entries below it");
        }
    }

    /// Closes what is open: a directory or a link was removed, so paths may mean something else now.
    void forget() {
        open.values().forEach(d -> d.fd().close());
        open.clear();
    }

    @Override
    public void close() {
        forget();
    }
}
