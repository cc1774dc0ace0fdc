// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Stat;
import dev.kelp.linux.Xattrs;
import dev.kelp.model.IdMaps;
import dev.kelp.model.KelpException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Copies a tree with everything that can be copied: contents (sharing blocks by FICLONE where the file system can,
/// else
/// copied inside the kernel), hard links within the tree, symbolic links, FIFOs, overlayfs whiteouts, owners,
/// modes, extended attributes and modification times. Device nodes, which a user namespace may not make, and
/// sockets are left out.
///
/// Directories are named relative to the two roots, so the depth costs no descriptors; a tree deeper than PATH_MAX
/// is refused with ENAMETOOLONG.
public final class TreeCopy {
    private static final long BENEATH = Inodes.RESOLVE_BENEATH | Inodes.RESOLVE_NO_SYMLINKS;
    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;
    private static final long RANGE_BYTES = 1L << 30;

    private final Fd fromRoot;
    private final Fd toRoot;
    private final Map<Long, String> linked = new HashMap<>();
    private boolean reflinks = true;
    private boolean ranges = true;

    private final @Nullable IdMaps ids;
    private final Runnable each;

    private TreeCopy(Fd fromRoot, Fd toRoot, @Nullable IdMaps ids, Runnable each) {
        this.fromRoot = fromRoot;
        this.toRoot = toRoot;
        this.ids = ids;
        this.each = each;
    }

    /// Copies what is in `from`, and its own metadata, to the empty directory `to`.
    public static void copy(Fd from, Fd to) throws ErrnoException {
        new TreeCopy(from, to, null, () -> {}).run();
    }

    /// As [#copy], what belongs to an id inside of `ids` belonging to the one outside in the copy.
    ///
    /// @param each run before each name is copied; what it throws ends the copying
    /// @throws KelpException INVALID_ARGUMENT when something belongs to an id that is not mapped
    public static void copyMapped(Fd from, Fd to, IdMaps ids, Runnable each) throws ErrnoException {
        new TreeCopy(from, to, ids, each).run();
    }

    /// Copies one regular file, symbolic link or FIFO `name` from one directory to the other, where it must not
    /// exist.
    public static void copyFile(Fd fromDir, Fd toDir, String name) throws ErrnoException {
        Stat stat = Inodes.stat(fromDir, name, Inodes.AT_SYMLINK_NOFOLLOW);
        new TreeCopy(fromDir, toDir, null, () -> {}).copyNode(fromDir, toDir, name, stat);
    }

    private void run() throws ErrnoException {
        List<String> directories = new ArrayList<>();
        Deque<String> open = new ArrayDeque<>(List.of("."));
        while (!open.isEmpty()) {
            String relative = open.pop();
            directories.add(relative);
            try (Fd from = Inodes.openResolved(fromRoot, relative, DIRECTORY, 0, BENEATH);
                    Fd to = Inodes.openResolved(toRoot, relative, DIRECTORY, 0, BENEATH)) {
                for (String name : Inodes.list(from)) {
                    each.run();
                    if (copyEntry(from, to, name, relative)) {
                        open.push(relative + "/" + name);
                    }
                }
            }
        }
        // directories last: filling them changes their times, and a read-only one could not be filled
        for (String relative : directories.reversed()) {
            try (Fd from = Inodes.openResolved(fromRoot, relative, DIRECTORY, 0, BENEATH);
                    Fd to = Inodes.openResolved(toRoot, relative, DIRECTORY, 0, BENEATH)) {
                copyMetadata(from, to, Inodes.stat(from));
            }
        }
    }

    /// Copies one name; true when it is a directory, made but still to be filled.
    private boolean copyEntry(Fd from, Fd to, String name, String relative) throws ErrnoException {
        Stat stat = Inodes.stat(from, name, Inodes.AT_SYMLINK_NOFOLLOW);
        if (stat.isDirectory()) {
            Inodes.mkdir(to, name, 0700);
            return true;
        }
        if (stat.links() > 1 && linkToCopy(stat, to, name, relative)) {
            return false;
        }
        copyNode(from, to, name, stat);
        return false;
    }

    private void copyNode(Fd from, Fd to, String name, Stat stat) throws ErrnoException {
        switch (stat.type()) {
            case Stat.S_IFREG -> copyFile(from, to, name, stat);
            case Stat.S_IFLNK -> {
                Inodes.symlink(Inodes.readlink(from, name), to, name);
                copyNodeMetadata(from, to, name, stat);
            }
            case Stat.S_IFIFO -> {
                Inodes.mknod(to, name, Stat.S_IFIFO | 0600, 0, 0);
                copyNodeMetadata(from, to, name, stat);
                Inodes.chmod(to, name, stat.permissions());
            }
            case Stat.S_IFCHR -> {
                if (stat.isWhiteout()) {
                    Inodes.mknod(to, name, Stat.S_IFCHR, 0, 0);
                }
            }
            default -> {
                // block devices and sockets: nothing a container could use
            }
        }
    }

    private boolean linkToCopy(Stat stat, Fd to, String name, String relative) throws ErrnoException {
        String path = relative + "/" + name;
        String first = linked.putIfAbsent(stat.inode(), path);
        if (first == null) {
            return false;
        }
        int slash = first.lastIndexOf('/');
        try (Fd dir = Inodes.openResolved(toRoot, first.substring(0, slash), DIRECTORY, 0, BENEATH)) {
            Inodes.link(dir, first.substring(slash + 1), to, name, 0);
            return true;
        } catch (ErrnoException e) {
            if (!e.is(Errno.EMLINK) && !e.is(Errno.ENOENT)) {
                throw e;
            }
            linked.put(stat.inode(), path);
            return false;
        }
    }

    private void copyFile(Fd from, Fd to, String name, Stat stat) throws ErrnoException {
        int create = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_EXCL | Inodes.O_NOFOLLOW;
        try (Fd in = Inodes.open(from, name, Inodes.O_RDONLY | Inodes.O_NOFOLLOW, 0);
                Fd out = Inodes.open(to, name, create, 0600)) {
            copyContent(in, out, stat.sizeBytes());
            copyMetadata(in, out, stat);
        }
    }

    private void copyContent(Fd in, Fd out, long sizeBytes) throws ErrnoException {
        if (sizeBytes == 0) {
            return;
        }
        if (reflinks) {
            try {
                Inodes.reflink(in, out);
                return;
            } catch (ErrnoException e) {
                if (!cannot(e)) {
                    throw e;
                }
                reflinks = false;
            }
        }
        while (copySome(in, out) > 0) {
            // until the end of the source
        }
    }

    private long copySome(Fd in, Fd out) throws ErrnoException {
        if (ranges) {
            try {
                return Inodes.copyRange(in, out, RANGE_BYTES);
            } catch (ErrnoException e) {
                if (!cannot(e)) {
                    throw e;
                }
                ranges = false;
            }
        }
        return Pipes.sendFile(out, in, RANGE_BYTES);
    }

    /// "This file system cannot", as opposed to a failure: ENOTTY is what an unknown ioctl gives.
    private static boolean cannot(ErrnoException e) {
        return e.is(Errno.ENOTSUP)
                || e.is(Errno.EXDEV)
                || e.is(Errno.EINVAL)
                || e.is(Errno.ENOTTY)
                || e.is(Errno.ENOSYS)
                || e.is(Errno.EPERM);
    }

    /// Owner first and mode after it, since chown clears the setuid bit; attributes in between, since chown clears
    /// `security.capability` too.
    private void copyMetadata(Fd from, Fd to, Stat stat) throws ErrnoException {
        Inodes.chown(to, uid(stat), gid(stat));
        for (String name : Xattrs.list(from)) {
            Optional<byte[]> value = Xattrs.get(from, name);
            if (value.isPresent()) {
                try {
                    Xattrs.set(to, name, value.get());
                } catch (ErrnoException e) {
                    ignoreAttribute(e);
                }
            }
        }
        Inodes.chmod(to, stat.permissions());
        Inodes.setTimes(to, stat.modifiedNanos(), stat.modifiedNanos());
    }

    private void copyNodeMetadata(Fd from, Fd to, String name, Stat stat) throws ErrnoException {
        Inodes.chown(to, name, uid(stat), gid(stat), 0);
        String path = from.procPath() + "/" + name;
        for (String attribute : Xattrs.listNoFollow(path)) {
            Optional<byte[]> value = Xattrs.getNoFollow(path, attribute);
            if (value.isPresent()) {
                try {
                    Xattrs.setNoFollow(to.procPath() + "/" + name, attribute, value.get());
                } catch (ErrnoException e) {
                    ignoreAttribute(e);
                }
            }
        }
        Inodes.setTimes(to, name, stat.modifiedNanos(), stat.modifiedNanos());
    }

    private int uid(Stat stat) {
        return ids == null ? stat.uid() : mapped(ids.uid(Integer.toUnsignedLong(stat.uid())), "user", stat.uid());
    }

    private int gid(Stat stat) {
        return ids == null ? stat.gid() : mapped(ids.gid(Integer.toUnsignedLong(stat.gid())), "group", stat.gid());
    }

    private static int mapped(long outside, String kind, int inside) {
        if (outside < 0) {
            throw KelpException.invalid("a file belongs to " + kind + " " + Integer.toUnsignedString(inside)
                            + ", which the user namespace does not map")
                    .withHint("map more ids: --userns=auto:size=65536, or a longer --uidmap and --gidmap");
        }
        return (int) outside;
    }

    /// `security.selinux`, `trusted.*` and the like are the host's business.
    private static void ignoreAttribute(ErrnoException e) throws ErrnoException {
        if (!e.is(Errno.EPERM) && !e.is(Errno.ENOTSUP) && !e.is(Errno.EACCES) && !e.is(Errno.EINVAL)) {
            throw e;
        }
    }
}
