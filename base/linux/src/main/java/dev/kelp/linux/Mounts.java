// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kelp.model.Mount;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// mount(2), umount2(2) and the descriptor-based mount calls (open_tree(2), move_mount(2), mount_setattr(2),
/// fsopen(2)).
public final class Mounts {
    public static final long MS_RDONLY = 1;
    public static final long MS_NOSUID = 2;
    public static final long MS_NODEV = 4;
    public static final long MS_NOEXEC = 8;
    public static final long MS_REMOUNT = 32;
    public static final long MS_BIND = 4096;
    public static final long MS_REC = 16384;
    public static final long MS_PRIVATE = 1 << 18;
    public static final long MS_SLAVE = 1 << 19;
    public static final long MS_SHARED = 1 << 20;
    public static final int MNT_DETACH = 2;
    public static final int UMOUNT_NOFOLLOW = 8;
    public static final long MOUNT_ATTR_RDONLY = 1;
    public static final long MOUNT_ATTR_NOSUID = 2;
    public static final long MOUNT_ATTR_NODEV = 4;
    public static final long MOUNT_ATTR_NOEXEC = 8;
    public static final long MOUNT_ATTR_IDMAP = 0x0010_0000;

    private static final int OPEN_TREE_CLONE = 1;
    private static final int OPEN_TREE_CLOEXEC = 0x80000;
    private static final int AT_RECURSIVE = 0x8000;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final int FSCONFIG_SET_FLAG = 0;
    private static final int FSCONFIG_SET_STRING = 1;
    private static final int FSCONFIG_CMD_CREATE = 6;

    private static final Map<String, Long> FLAG_WORDS = Map.ofEntries(
            Map.entry("ro", MS_RDONLY),
            Map.entry("nosuid", MS_NOSUID),
            Map.entry("nodev", MS_NODEV),
            Map.entry("noexec", MS_NOEXEC),
            Map.entry("remount", MS_REMOUNT),
            Map.entry("bind", MS_BIND),
            Map.entry("rbind", MS_BIND | MS_REC),
            Map.entry("noatime", 1024L),
            Map.entry("nodiratime", 2048L),
            Map.entry("relatime", 1L << 21),
            Map.entry("strictatime", 1L << 24));

    private Mounts() {}

    /// mount(2).
    public static void mount(
            @Nullable String source, String target, @Nullable String type, long flags, @Nullable String data)
            throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            Libc.check(
                    Libc.call(
                            Syscall.MOUNT,
                            address(arena, source),
                            address(arena, target),
                            address(arena, type),
                            flags,
                            address(arena, data),
                            0),
                    "mount " + (type == null ? "" : type + " ") + "on",
                    target);
        }
    }

    /// Mounts what a snapshotter asks for; words the kernel takes as flags become flags, a read-only bind is
    /// remounted.
    public static void mount(Mount mount, String target) throws ErrnoException {
        long flags = 0;
        List<String> data = new ArrayList<>();
        for (String word : mount.options()) {
            Long flag = FLAG_WORDS.get(word);
            if (flag != null) {
                flags |= flag;
            } else if (!word.equals("rw")) {
                data.add(word);
            }
        }
        boolean bind = (flags & MS_BIND) != 0;
        mount(mount.source(), target, mount.type(), flags, data.isEmpty() ? null : String.join(",", data));
        if (bind && (flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)) != 0) {
            mount(null, target, null, MS_REMOUNT | (flags & ~MS_REC), null);
        }
    }

    public static void unmount(String target, int flags) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            Libc.check(Libc.call(Syscall.UMOUNT2, address(arena, target), flags), "umount", target);
        }
    }

    /// open_tree(2) with OPEN_TREE_CLONE: a detached copy of the mount at `path`, with those below it when
    /// `recursive`.
    public static Fd cloneTree(Fd dir, String path, boolean recursive) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return Fd.own(Libc.check(
                    Libc.call(
                            Syscall.OPEN_TREE,
                            dir.number(),
                            address(arena, path),
                            OPEN_TREE_CLONE
                                    | OPEN_TREE_CLOEXEC
                                    | (recursive ? AT_RECURSIVE : 0)
                                    | (path.isEmpty() ? Inodes.AT_EMPTY_PATH : 0)),
                    "open_tree",
                    path));
        }
    }

    /// move_mount(2): attaches a detached mount at `path`.
    public static void attach(Fd mount, Fd dir, String path) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            Libc.check(
                    Libc.call(
                            Syscall.MOVE_MOUNT,
                            mount.number(),
                            address(arena, ""),
                            dir.number(),
                            address(arena, path),
                            MOVE_MOUNT_F_EMPTY_PATH | (path.isEmpty() ? 0x40 : 0),
                            0),
                    "move_mount",
                    path);
        }
    }

    /// mount_setattr(2) on a mount's descriptor: sets MOUNT_ATTR_* bits; with MOUNT_ATTR_IDMAP `userNamespace` is
    /// the map.
    public static void setAttributes(Fd mount, long set, boolean recursive, @Nullable Fd userNamespace)
            throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = arena.allocate(32, 8);
            a.set(JAVA_LONG, 0, set);
            a.set(JAVA_LONG, 24, userNamespace == null ? 0 : userNamespace.number());
            Libc.check(
                    Libc.call(
                            Syscall.MOUNT_SETATTR,
                            mount.number(),
                            address(arena, ""),
                            Inodes.AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0),
                            a.address(),
                            32,
                            0),
                    "mount_setattr",
                    mount.toString());
        }
    }

    /// fsopen(2), fsconfig(2), fsmount(2): a detached mount of a file system with the given options.
    public static Fd create(String type, List<String> options) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            try (Fd context = Fd.own(Libc.check(Libc.call(Syscall.FSOPEN, address(arena, type), 1), "fsopen", type))) {
                for (String o : options) {
                    int eq = o.indexOf('=');
                    Libc.check(
                            Libc.call(
                                    Syscall.FSCONFIG,
                                    context.number(),
                                    eq < 0 ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING,
                                    address(arena, eq < 0 ? o : o.substring(0, eq)),
                                    address(arena, eq < 0 ? null : o.substring(eq + 1)),
                                    0,
                                    0),
                            "fsconfig " + type,
                            o);
                }
                Libc.check(
                        Libc.call(Syscall.FSCONFIG, context.number(), FSCONFIG_CMD_CREATE, 0, 0, 0, 0),
                        "fsconfig create",
                        type);
                return Fd.own(Libc.check(Libc.call(Syscall.FSMOUNT, context.number(), 1, 0), "fsmount", type));
            }
        }
    }

    private static long address(Arena arena, @Nullable String s) {
        return s == null ? 0 : Libc.string(arena, s).address();
    }
}
