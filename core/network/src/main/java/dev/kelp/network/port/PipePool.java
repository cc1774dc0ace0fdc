// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import java.util.ArrayDeque;
import java.util.Deque;

/// Empty pipes. A direction of a connection holds one only while bytes are in it, so a few serve thousands.
final class PipePool {
    /// What moves at once; the kernel grants an ordinary user 1 MiB a pipe and 64 MiB in all (pipe(7)).
    static final int CAPACITY_BYTES = 256 << 10;

    private static final int IDLE_MAX = 32;

    private final Deque<Fd[]> idle = new ArrayDeque<>();

    /// Read end and write end.
    Fd[] take() throws ErrnoException {
        Fd[] pipe = idle.poll();
        return pipe != null ? pipe : Pipes.pipe(CAPACITY_BYTES);
    }

    /// Must be empty.
    void giveBack(Fd[] pipe) {
        if (idle.size() < IDLE_MAX) {
            idle.push(pipe);
        } else {
            discard(pipe);
        }
    }

    static void discard(Fd[] pipe) {
        pipe[0].close();
        pipe[1].close();
    }

    void close() {
        idle.forEach(PipePool::discard);
    }
}
