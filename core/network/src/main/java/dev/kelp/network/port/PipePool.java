// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import java.util.ArrayDeque;
import java.util.Deque;

/// Empty pipes. A direction of a connection holds one only while bytes are in it, so a few serve thousands.
final class PipePool {
    /// What moves at once. More turns cost more than the bytes do: with 1 MiB a relay takes two thirds of the time
    /// it
    /// takes with 256 KiB.
    static final int CAPACITY_BYTES = 1 << 20;

    /// The kernel grants an ordinary user 1 MiB a pipe and 64 MiB in all of her programs (pipe(7)): some of that is
    /// taken, and further pipes, of connections that stand still, have the kernel's 64 KiB.
    private static final int LARGE_MAX = 16;

    private static final int SMALL_BYTES = 64 << 10;
    private static final int IDLE_MAX = 32;

    private final Deque<Pipe> idle = new ArrayDeque<>();
    private int large;

    /// @param large whether it is one of LARGE_MAX
    record Pipe(Fd read, Fd write, boolean large) {}

    Pipe take() throws ErrnoException {
        Pipe pipe = idle.poll();
        if (pipe != null) {
            return pipe;
        }
        boolean isLarge = large < LARGE_MAX;
        Fd[] ends = Pipes.pipe(isLarge ? CAPACITY_BYTES : SMALL_BYTES);
        large += isLarge ? 1 : 0;
        return new Pipe(ends[0], ends[1], isLarge);
    }

    /// Must be empty. The large ones are the first to be taken again.
    void giveBack(Pipe pipe) {
        if (pipe.large()) {
            idle.push(pipe);
        } else if (idle.size() < IDLE_MAX) {
            idle.add(pipe);
        } else {
            discard(pipe);
        }
    }

    /// Closes one, with what is in it.
    void discard(Pipe pipe) {
        large -= pipe.large() ? 1 : 0;
        pipe.read().close();
        pipe.write().close();
    }

    void close() {
        idle.forEach(this::discard);
        idle.clear();
    }
}
