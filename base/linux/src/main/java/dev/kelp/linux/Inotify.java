// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// inotify(7) on a few directories. [#take] blocks: one platform thread.
public final class Inotify implements AutoCloseable {
    public static final int IN_MODIFY = 0x2;
    public static final int IN_CLOSE_WRITE = 0x8;
    public static final int IN_MOVED_TO = 0x80;
    public static final int IN_CREATE = 0x100;
    public static final int IN_DELETE = 0x200;
    public static final int IN_Q_OVERFLOW = 0x4000;

    private static final int BUFFER_BYTES = 64 << 10;

    private final Fd fd;

    /// What happened to `name` in the watched directory `watch`; after an overflow (mask IN_Q_OVERFLOW) look at
    /// everything.
    public record Event(int watch, int mask, String name) {}

    public Inotify() throws ErrnoException {
        fd = Fd.own(Libc.check(Libc.call(Syscall.INOTIFY_INIT1, Inodes.O_CLOEXEC), "inotify_init1", ""));
    }

    public int watch(String path, int mask) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return Libc.check(
                    Libc.call(
                            Syscall.INOTIFY_ADD_WATCH,
                            fd.number(),
                            Libc.string(arena, path).address(),
                            mask),
                    "inotify_add_watch",
                    path);
        }
    }

    public void unwatch(int watch) throws ErrnoException {
        Libc.check(Libc.call(Syscall.INOTIFY_RM_WATCH, fd.number(), watch), "inotify_rm_watch", fd.toString());
    }

    /// The descriptor, to wait for it together with others.
    public Fd descriptor() {
        return fd;
    }

    /// Waits for events and takes them.
    public List<Event> take() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment b = arena.allocate(BUFFER_BYTES, 8);
            int n = Pipes.read(fd, b);
            List<Event> events = new ArrayList<>();
            for (int at = 0; at < n; ) {
                int length = b.get(JAVA_INT, at + 12L);
                String name = length == 0 ? "" : b.getString(at + 16L);
                events.add(new Event(b.get(JAVA_INT, at), b.get(JAVA_INT, at + 4L), name));
                at += 16 + length;
            }
            return events;
        }
    }

    @Override
    public void close() {
        fd.close();
    }
}
