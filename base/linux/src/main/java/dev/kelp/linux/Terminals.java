// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Window sizes of terminals (ioctl_tty(2)).
public final class Terminals {
    private static final int TIOCSWINSZ = 0x5414;

    private Terminals() {}

    public static void setSize(Fd terminal, int rows, int columns) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(8, 2);
            size.set(JAVA_SHORT, 0, (short) rows);
            size.set(JAVA_SHORT, 2, (short) columns);
            Libc.check(
                    Libc.call(Syscall.IOCTL, terminal.number(), TIOCSWINSZ, size.address()),
                    "ioctl TIOCSWINSZ",
                    terminal.toString());
        }
    }
}
