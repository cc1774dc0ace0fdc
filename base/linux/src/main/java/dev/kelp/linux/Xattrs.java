// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Extended attributes (xattr(7)). Values are at most 64 KiB, the kernel's limit.
public final class Xattrs {
    private static final int VALUE_BYTES_MAX = 65_536;

    private Xattrs() {}

    public static void set(Fd fd, String name, byte[] value) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment v = arena.allocate(Math.max(1, value.length));
            MemorySegment.copy(value, 0, v, JAVA_BYTE, 0, value.length);
            Libc.check(
                    Libc.call(
                            Syscall.FSETXATTR,
                            fd.number(),
                            Libc.string(arena, name).address(),
                            v.address(),
                            value.length,
                            0,
                            0),
                    "fsetxattr",
                    name);
        }
    }

    /// lsetxattr(2): of a symbolic link itself. `path` is trusted: absolute, or `/proc/self/fd/N/name`.
    public static void setNoFollow(String path, String name, byte[] value) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment v = arena.allocate(Math.max(1, value.length));
            MemorySegment.copy(value, 0, v, JAVA_BYTE, 0, value.length);
            Libc.check(
                    Libc.call(
                            Syscall.LSETXATTR,
                            Libc.string(arena, path).address(),
                            Libc.string(arena, name).address(),
                            v.address(),
                            value.length,
                            0,
                            0),
                    "lsetxattr " + name,
                    path);
        }
    }

    public static Optional<byte[]> get(Fd fd, String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment v = arena.allocate(VALUE_BYTES_MAX);
            int n = Libc.call(
                    Syscall.FGETXATTR, fd.number(), Libc.string(arena, name).address(), v.address(), v.byteSize());
            return value(n, v, name);
        }
    }

    /// lgetxattr(2): of a symbolic link itself.
    public static Optional<byte[]> getNoFollow(String path, String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment v = arena.allocate(VALUE_BYTES_MAX);
            int n = Libc.call(
                    Syscall.LGETXATTR,
                    Libc.string(arena, path).address(),
                    Libc.string(arena, name).address(),
                    v.address(),
                    v.byteSize());
            return value(n, v, path);
        }
    }

    private static Optional<byte[]> value(int n, MemorySegment v, String subject) throws ErrnoException {
        if (n == -Errno.ENODATA || n == -Errno.ENOTSUP) {
            return Optional.empty();
        }
        return Optional.of(v.asSlice(0, Libc.check(n, "getxattr", subject)).toArray(JAVA_BYTE));
    }

    public static List<String> list(Fd fd) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment v = arena.allocate(VALUE_BYTES_MAX);
            return names(Libc.call(Syscall.FLISTXATTR, fd.number(), v.address(), v.byteSize()), v, fd.toString());
        }
    }

    /// llistxattr(2): of a symbolic link itself.
    public static List<String> listNoFollow(String path) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment v = arena.allocate(VALUE_BYTES_MAX);
            return names(
                    Libc.call(Syscall.LLISTXATTR, Libc.string(arena, path).address(), v.address(), v.byteSize()),
                    v,
                    path);
        }
    }

    private static List<String> names(int n, MemorySegment v, String subject) throws ErrnoException {
        List<String> names = new ArrayList<>();
        if (n == -Errno.ENOTSUP) {
            return names;
        }
        String all = new String(
                v.asSlice(0, Libc.check(n, "listxattr", subject)).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
        for (String s : all.split("\0", -1)) {
            if (!s.isEmpty()) {
                names.add(s);
            }
        }
        return names;
    }
}
