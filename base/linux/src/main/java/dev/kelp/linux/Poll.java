// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// poll(2) by ppoll(2). Blocks: platform threads only.
public final class Poll {
    public static final int POLLIN = 1;
    public static final int POLLOUT = 4;
    public static final int POLLERR = 8;
    public static final int POLLHUP = 16;

    private Poll() {}

    /// Waits for one descriptor; gives the events that happened, 0 after `timeoutMillis` (−1: no limit).
    public static int await(Fd fd, int events, long timeoutMillis) throws ErrnoException {
        return await(List.of(fd), events, timeoutMillis)[0];
    }

    /// Waits for the first of several; gives each one's events. A closed [Fd] in the list is a bug.
    public static int[] await(List<Fd> fds, int events, long timeoutMillis) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment set = arena.allocate(8L * fds.size(), 8);
            for (int i = 0; i < fds.size(); i++) {
                set.set(JAVA_INT, 8L * i, fds.get(i).number());
                set.set(JAVA_SHORT, 8L * i + 4, (short) events);
            }
            MemorySegment time = MemorySegment.NULL;
            if (timeoutMillis >= 0) {
                time = arena.allocate(16, 8);
                time.set(JAVA_LONG, 0, timeoutMillis / 1000);
                time.set(JAVA_LONG, 8, timeoutMillis % 1000 * 1_000_000);
            }
            int r;
            do {
                r = Libc.call(Syscall.PPOLL, set.address(), fds.size(), time.address(), 0);
            } while (r == -Errno.EINTR);
            Libc.check(r, "poll", fds.toString());
            int[] result = new int[fds.size()];
            for (int i = 0; i < result.length; i++) {
                result[i] = Short.toUnsignedInt(set.get(JAVA_SHORT, 8L * i + 6));
            }
            return result;
        }
    }
}
