// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Files and directories by descriptor and relative name: the `*at` calls. Names that are not UTF-8 are strings as
/// [FileNames] makes them.
public final class Inodes {
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0x40;
    public static final int O_EXCL = 0x80;
    public static final int O_NOCTTY = 0x100;
    public static final int O_TRUNC = 0x200;
    public static final int O_APPEND = 0x400;
    public static final int O_NONBLOCK = 0x800;
    private static final boolean ARM = System.getProperty("os.arch", "").equals("aarch64");
    public static final int O_DIRECTORY = ARM ? 0x4000 : 0x10000;
    public static final int O_NOFOLLOW = ARM ? 0x8000 : 0x20000;
    public static final int O_CLOEXEC = 0x80000;
    public static final int O_PATH = 0x200000;

    /// openat2(2): `..` and absolute links stay below the directory descriptor as if it were the root.
    public static final long RESOLVE_IN_ROOT = 0x10;
    /// openat2(2): leaving the directory is an error (EXDEV).
    public static final long RESOLVE_BENEATH = 0x08;
    /// openat2(2): any symbolic link is an error (ELOOP).
    public static final long RESOLVE_NO_SYMLINKS = 0x04;
    /// openat2(2): magic links of procfs are an error.
    public static final long RESOLVE_NO_MAGICLINKS = 0x02;

    public static final int AT_SYMLINK_NOFOLLOW = 0x100;
    public static final int AT_REMOVEDIR = 0x200;
    public static final int AT_SYMLINK_FOLLOW = 0x400;
    public static final int AT_EMPTY_PATH = 0x1000;

    public static final int RENAME_NOREPLACE = 1;
    public static final int RENAME_EXCHANGE = 2;

    /// How many directories [#removeTree] keeps open at most, one inside the other.
    private static final int REMOVE_DEPTH = 64;
    /// ioctl_ficlone(2).
    private static final long FICLONE = 0x4004_9409L;
    /// ioctl_iflags(2). Though the numbers say long, the kernel reads and writes an int.
    private static final long FS_IOC_GETFLAGS = 0x8008_6601L;

    private static final long FS_IOC_SETFLAGS = 0x4008_6602L;
    private static final int SYNC_FILE_RANGE_WRITE = 2;
    private static final int FS_TOPDIR_FL = 0x0002_0000;
    private static final int STATX_BASIC_AND_MOUNT_ID = 0x7ff | 0x1000;
    private static final int STATX_BYTES = 256;

    private Inodes() {}

    /// openat(2), O_CLOEXEC added.
    public static Fd open(Fd dir, String path, int flags, int mode) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return Fd.own(Libc.check(
                    Libc.call(
                            Syscall.OPENAT,
                            dir.number(),
                            Libc.string(arena, path).address(),
                            flags | O_CLOEXEC,
                            mode),
                    "open",
                    path));
        }
    }

    /// openat(2) of an absolute path.
    public static Fd open(String path, int flags) throws ErrnoException {
        return open(Fd.CWD, path, flags, 0);
    }

    /// openat2(2) with RESOLVE_* bits, O_CLOEXEC added; EAGAIN (a rename raced) is tried again.
    public static Fd openResolved(Fd dir, String path, int flags, int mode, long resolve) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment how = arena.allocate(24, 8);
            how.set(JAVA_LONG, 0, Integer.toUnsignedLong(flags | O_CLOEXEC));
            how.set(JAVA_LONG, 8, (flags & O_CREAT) != 0 ? mode : 0);
            how.set(JAVA_LONG, 16, resolve);
            MemorySegment name = Libc.string(arena, path);
            for (int attempt = 0; ; attempt++) {
                int r = Libc.call(Syscall.OPENAT2, dir.number(), name.address(), how.address(), 24);
                if (r != -Errno.EAGAIN || attempt == 32) {
                    return Fd.own(Libc.check(r, "openat2", path));
                }
            }
        }
    }

    public static Stat stat(Fd dir, String path, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment b = arena.allocate(STATX_BYTES, 8);
            Libc.check(
                    Libc.call(
                            Syscall.STATX,
                            dir.number(),
                            Libc.string(arena, path).address(),
                            flags,
                            STATX_BASIC_AND_MOUNT_ID,
                            b.address(),
                            0),
                    "stat",
                    path);
            return new Stat(
                    Short.toUnsignedInt(b.get(JAVA_SHORT, 28)),
                    b.get(JAVA_INT, 20),
                    b.get(JAVA_INT, 24),
                    b.get(JAVA_LONG, 32),
                    b.get(JAVA_LONG, 40),
                    b.get(JAVA_LONG, 48),
                    b.get(JAVA_INT, 16),
                    b.get(JAVA_LONG, 112) * 1_000_000_000L + b.get(JAVA_INT, 120),
                    Integer.toUnsignedLong(b.get(JAVA_INT, 136)),
                    Integer.toUnsignedLong(b.get(JAVA_INT, 140)),
                    Integer.toUnsignedLong(b.get(JAVA_INT, 128)),
                    Integer.toUnsignedLong(b.get(JAVA_INT, 132)),
                    b.get(JAVA_LONG, 144));
        }
    }

    /// fstat(2).
    public static Stat stat(Fd fd) throws ErrnoException {
        return stat(fd, "", AT_EMPTY_PATH);
    }

    /// lstat(2) of an absolute path.
    public static Stat lstat(String path) throws ErrnoException {
        return stat(Fd.CWD, path, AT_SYMLINK_NOFOLLOW);
    }

    public static void mkdir(Fd dir, String name, int mode) throws ErrnoException {
        atCall(Syscall.MKDIRAT, "mkdir", dir, name, mode, 0);
    }

    /// mknodat(2); `mode` carries the type.
    public static void mknod(Fd dir, String name, int mode, long major, long minor) throws ErrnoException {
        atCall(Syscall.MKNODAT, "mknod", dir, name, mode, makeDevice(major, minor));
    }

    /// unlinkat(2); `flags` may be [#AT_REMOVEDIR].
    public static void unlink(Fd dir, String name, int flags) throws ErrnoException {
        atCall(Syscall.UNLINKAT, "unlink", dir, name, flags, 0);
    }

    /// fchmodat(2): follows symbolic links, so never for a name of an image that may be one.
    public static void chmod(Fd dir, String name, int mode) throws ErrnoException {
        atCall(Syscall.FCHMODAT, "chmod", dir, name, mode, 0);
    }

    private static void atCall(Syscall call, String name, Fd dir, String path, long a, long b) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            Libc.check(Libc.call(call, dir.number(), Libc.string(arena, path).address(), a, b), name, path);
        }
    }

    public static void symlink(String target, Fd dir, String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            Libc.check(
                    Libc.call(
                            Syscall.SYMLINKAT,
                            Libc.string(arena, target).address(),
                            dir.number(),
                            Libc.string(arena, name).address()),
                    "symlink",
                    name);
        }
    }

    public static String readlink(Fd dir, String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment b = arena.allocate(4096);
            int n = Libc.check(
                    Libc.call(
                            Syscall.READLINKAT,
                            dir.number(),
                            Libc.string(arena, name).address(),
                            b.address(),
                            4096),
                    "readlink",
                    name);
            return FileNames.decode(b.asSlice(0, n).toArray(JAVA_BYTE));
        }
    }

    /// linkat(2); `flags` 0 links a symbolic link itself, [#AT_EMPTY_PATH] with an empty name links `from` itself.
    public static void link(Fd fromDir, String from, Fd toDir, String to, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            Libc.check(
                    Libc.call(
                            Syscall.LINKAT,
                            fromDir.number(),
                            Libc.string(arena, from).address(),
                            toDir.number(),
                            Libc.string(arena, to).address(),
                            flags,
                            0),
                    "link",
                    to);
        }
    }

    /// renameat2(2); `flags` 0 replaces.
    public static void rename(Fd fromDir, String from, Fd toDir, String to, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            Libc.check(
                    Libc.call(
                            Syscall.RENAMEAT2,
                            fromDir.number(),
                            Libc.string(arena, from).address(),
                            toDir.number(),
                            Libc.string(arena, to).address(),
                            flags,
                            0),
                    "rename",
                    from + "` to `" + to);
        }
    }

    /// fchownat(2); never follows a symbolic link. An empty name with [#AT_EMPTY_PATH] in `flags` means `dir`
    /// itself.
    public static void chown(Fd dir, String name, int uid, int gid, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            Libc.check(
                    Libc.call(
                            Syscall.FCHOWNAT,
                            dir.number(),
                            Libc.string(arena, name).address(),
                            uid,
                            gid,
                            flags | AT_SYMLINK_NOFOLLOW,
                            0),
                    "chown",
                    name);
        }
    }

    public static void chown(Fd fd, int uid, int gid) throws ErrnoException {
        Libc.check(Libc.call(Syscall.FCHOWN, fd.number(), uid, gid), "fchown", fd.toString());
    }

    public static void chmod(Fd fd, int mode) throws ErrnoException {
        Libc.check(Libc.call(Syscall.FCHMOD, fd.number(), mode), "fchmod", fd.toString());
    }

    /// utimensat(2), not following a symbolic link; times in nanoseconds since the epoch.
    public static void setTimes(Fd dir, String name, long accessNanos, long modifiedNanos) throws ErrnoException {
        setTimes(dir, name, accessNanos, modifiedNanos, AT_SYMLINK_NOFOLLOW);
    }

    /// futimens(3).
    public static void setTimes(Fd fd, long accessNanos, long modifiedNanos) throws ErrnoException {
        setTimes(fd, "", accessNanos, modifiedNanos, AT_EMPTY_PATH);
    }

    private static void setTimes(Fd dir, String name, long access, long modified, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment times = arena.allocate(32, 8);
            times.set(JAVA_LONG, 0, Math.floorDiv(access, 1_000_000_000L));
            times.set(JAVA_LONG, 8, Math.floorMod(access, 1_000_000_000L));
            times.set(JAVA_LONG, 16, Math.floorDiv(modified, 1_000_000_000L));
            times.set(JAVA_LONG, 24, Math.floorMod(modified, 1_000_000_000L));
            Libc.check(
                    Libc.call(
                            Syscall.UTIMENSAT,
                            dir.number(),
                            Libc.string(arena, name).address(),
                            times.address(),
                            flags),
                    "utimensat",
                    name);
        }
    }

    /// The names in a directory (getdents64(2)), without `.` and `..`, in the kernel's order.
    public static List<String> list(Fd dir) throws ErrnoException {
        return list(dir, Integer.MAX_VALUE);
    }

    /// The same, without going on when there are more than `most`: some more are among those returned then.
    public static List<String> list(Fd dir, int most) throws ErrnoException {
        List<String> names = new ArrayList<>();
        Libc.check(Libc.call(Syscall.LSEEK, dir.number(), 0, 0), "lseek", dir.toString());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment b = arena.allocate(32 << 10, 8);
            while (true) {
                int n = Libc.check(
                        Libc.call(Syscall.GETDENTS64, dir.number(), b.address(), b.byteSize()),
                        "getdents64",
                        dir.toString());
                if (n == 0 || names.size() > most) {
                    return names;
                }
                for (int at = 0; at < n; at += Short.toUnsignedInt(b.get(JAVA_SHORT, at + 16L))) {
                    String name = name(b, at + 19L);
                    if (!name.equals(".") && !name.equals("..")) {
                        names.add(name);
                    }
                }
            }
        }
    }

    private static String name(MemorySegment entries, long at) {
        String name = entries.getString(at);
        if (name.indexOf('\uFFFD') < 0) {
            return name;
        }
        long end = at;
        while (entries.get(JAVA_BYTE, end) != 0) {
            end++;
        }
        return FileNames.decode(entries.asSlice(at, end - at).toArray(JAVA_BYTE));
    }

    /// Removes `name` below `dir` and everything in it, never following a symbolic link and never leaving the tree;
    /// a name that is not there is fine. A directory without permissions is made accessible first. However deep the
    /// tree, at most [#REMOVE_DEPTH] directories are open at once: what lies deeper is first moved up.
    public static void removeTree(Fd dir, String name) throws IOException {
        if (!isDirectoryAfterUnlink(dir, name)) {
            return;
        }
        try (Fd top = openToRemove(dir, name)) {
            do {
                removeContents(top, top, 0);
            } while (!list(top).isEmpty());
        }
        unlink(dir, name, AT_REMOVEDIR);
    }

    private static void removeContents(Fd dir, Fd top, int depth) throws IOException {
        for (String name : list(dir)) {
            if (!isDirectoryAfterUnlink(dir, name)) {
                continue;
            }
            if (depth == REMOVE_DEPTH) {
                moveUp(dir, name, top);
                continue;
            }
            try (Fd child = openToRemove(dir, name)) {
                removeContents(child, top, depth + 1);
            }
            unlink(dir, name, AT_REMOVEDIR);
        }
    }

    private static void moveUp(Fd dir, String name, Fd top) throws ErrnoException {
        for (int n = 0; ; n++) {
            try {
                rename(dir, name, top, ".removing-" + n, RENAME_NOREPLACE);
                return;
            } catch (ErrnoException e) {
                if (!e.is(Errno.EEXIST)) {
                    throw e;
                }
            }
        }
    }

    /// Unlinks `name` unless it is a directory, and says whether it is one. Both answers are usual, so neither is
    /// worth
    /// an exception with its stack.
    private static boolean isDirectoryAfterUnlink(Fd dir, String name) throws ErrnoException {
        int result;
        try (Arena arena = Arena.ofConfined()) {
            result = Libc.call(
                    Syscall.UNLINKAT, dir.number(), Libc.string(arena, name).address(), 0);
        }
        if (result == -Errno.EISDIR || result == -Errno.EPERM) {
            return true;
        }
        if (result != -Errno.ENOENT) {
            Libc.check(result, "unlink", name);
        }
        return false;
    }

    private static Fd openToRemove(Fd dir, String name) throws ErrnoException {
        int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
        try {
            return open(dir, name, flags, 0);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EACCES)) {
                throw e;
            }
            chmod(dir, name, 0700);
            return open(dir, name, flags, 0);
        }
    }

    public static void fsync(Fd fd) throws ErrnoException {
        Libc.check(Libc.call(Syscall.FSYNC, fd.number()), "fsync", fd.toString());
    }

    public static void fdatasync(Fd fd) throws ErrnoException {
        Libc.check(Libc.call(Syscall.FDATASYNC, fd.number()), "fdatasync", fd.toString());
    }

    /// syncfs(2): everything written to the file system that holds `fd` is on the disk afterwards.
    public static void syncfs(Fd fd) throws ErrnoException {
        Libc.check(Libc.call(Syscall.SYNCFS, fd.number()), "syncfs", fd.toString());
    }

    /// sync_file_range(2) with SYNC_FILE_RANGE_WRITE: begins to write a range to the disk, without waiting for its
    /// end.
    public static void startWriteback(Fd fd, long offset, long length) throws ErrnoException {
        Libc.check(
                Libc.call(Syscall.SYNC_FILE_RANGE, fd.number(), offset, length, SYNC_FILE_RANGE_WRITE),
                "sync_file_range",
                fd.toString());
    }

    public static void truncate(Fd fd, long sizeBytes) throws ErrnoException {
        Libc.check(Libc.call(Syscall.FTRUNCATE, fd.number(), sizeBytes), "ftruncate", fd.toString());
    }

    /// copy_file_range(2) of up to `count` bytes at both descriptors' positions; 0 at the end of the source.
    public static long copyRange(Fd from, Fd to, long count) throws ErrnoException {
        return Libc.check(
                Libc.syscall(Syscall.COPY_FILE_RANGE.number(), from.number(), 0, to.number(), 0, count, 0),
                "copy_file_range",
                from.toString());
    }

    /// ioctl_ficlone(2): `to` shares the blocks of `from` until one of them is written; both on one file system
    /// that can.
    public static void reflink(Fd from, Fd to) throws ErrnoException {
        Libc.check(Libc.call(Syscall.IOCTL, to.number(), FICLONE, from.number()), "ioctl FICLONE", from.toString());
    }

    /// Says that the directories to be made in `dir` have nothing to do with each other (FS_TOPDIR_FL of
    /// ioctl_iflags(2)): ext4 then gives each a part of the disk of its own.
    public static void spreadDirectories(Fd dir) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flags = arena.allocate(8, 8);
            Libc.check(
                    Libc.call(Syscall.IOCTL, dir.number(), FS_IOC_GETFLAGS, flags.address()),
                    "ioctl FS_IOC_GETFLAGS",
                    dir.toString());
            int present = flags.get(JAVA_INT, 0);
            if ((present & FS_TOPDIR_FL) == 0) {
                flags.set(JAVA_INT, 0, present | FS_TOPDIR_FL);
                Libc.check(
                        Libc.call(Syscall.IOCTL, dir.number(), FS_IOC_SETFLAGS, flags.address()),
                        "ioctl FS_IOC_SETFLAGS",
                        dir.toString());
            }
        }
    }

    /// The magic number of the file system that holds `fd` (statfs(2)).
    public static long fileSystemType(Fd fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment b = arena.allocate(120, 8);
            Libc.check(Libc.call(Syscall.FSTATFS, fd.number(), b.address()), "fstatfs", fd.toString());
            return b.get(JAVA_LONG, 0);
        }
    }

    static long makeDevice(long major, long minor) {
        return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xffL) << 12) | ((major & ~0xfffL) << 32));
    }
}
