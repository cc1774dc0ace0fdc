// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// epoll(7): waits for thousands of descriptors at a cost that does not grow with them. One thread waits; any thread
/// may add, change and remove. A descriptor that is closed leaves by itself, unless a duplicate lives on.
public final class Epoll implements AutoCloseable {
    public static final int IN = 1;
    public static final int OUT = 4;
    public static final int ERR = 8;
    public static final int HUP = 16;
    public static final int PEER_SHUT = 0x2000;

    /// Tells each change once (EPOLLET): the owner reads or writes until EAGAIN.
    public static final int EDGE = 1 << 31;

    private static final int CLOEXEC = 0x80000;
    private static final int CTL_ADD = 1;
    private static final int CTL_DEL = 2;
    private static final int CTL_MOD = 3;
    private static final int EVENTS_MAX = 256;

    // struct epoll_event is packed on x86-64 only
    private static final boolean PACKED = System.getProperty("os.arch", "").equals("amd64");
    private static final int DATA_OFFSET = PACKED ? 4 : 8;
    private static final int EVENT_BYTES = PACKED ? 12 : 16;

    private final Fd epoll;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment events = arena.allocate((long) EVENTS_MAX * EVENT_BYTES, 8);

    private Epoll(Fd epoll) {
        this.epoll = epoll;
    }

    public static Epoll create() throws ErrnoException {
        return new Epoll(Fd.own(Libc.check(Libc.call(Syscall.EPOLL_CREATE1, CLOEXEC), "epoll_create1", "epoll")));
    }

    /// @param interest IN, OUT, PEER_SHUT, EDGE; ERR and HUP are always told
    /// @param key given back with the descriptor's events
    public void add(Fd fd, int interest, long key) throws ErrnoException {
        control(CTL_ADD, fd, interest, key);
    }

    public void change(Fd fd, int interest, long key) throws ErrnoException {
        control(CTL_MOD, fd, interest, key);
    }

    public void remove(Fd fd) throws ErrnoException {
        control(CTL_DEL, fd, 0, 0);
    }

    private void control(int operation, Fd fd, int interest, long key) throws ErrnoException {
        try (Arena local = Arena.ofConfined()) {
            MemorySegment event = local.allocate(EVENT_BYTES, 8);
            event.set(JAVA_INT, 0, interest);
            event.set(JAVA_LONG_UNALIGNED, DATA_OFFSET, key);
            Libc.check(
                    Libc.call(Syscall.EPOLL_CTL, epoll.number(), operation, fd.number(), event.address()),
                    "epoll_ctl",
                    fd.toString());
        }
    }

    /// Takes what happened to one descriptor.
    @FunctionalInterface
    public interface Sink {
        /// @param events a set of IN, OUT, ERR, HUP, PEER_SHUT
        void event(long key, int events);
    }

    /// Waits until something happens or `timeoutMillis` (−1: no limit) have passed, and tells it. Blocks: a
    /// platform
    /// thread only, and one at a time.
    public void await(int timeoutMillis, Sink sink) throws ErrnoException {
        int n = Libc.call(Syscall.EPOLL_PWAIT, epoll.number(), events.address(), EVENTS_MAX, timeoutMillis, 0, 8);
        if (n == -Errno.EINTR) {
            n = 0;
        }
        Libc.check(n, "epoll_wait", epoll.toString());
        for (int i = 0; i < n; i++) {
            long at = (long) i * EVENT_BYTES;
            sink.event(events.get(JAVA_LONG_UNALIGNED, at + DATA_OFFSET), events.get(JAVA_INT_UNALIGNED, at));
        }
    }

    @Override
    public void close() {
        epoll.close();
        arena.close();
    }
}
