// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Pseudo-terminals (pty(7)) and their window sizes (ioctl_tty(2)).
public final class Terminals {
    private static final int TIOCSWINSZ = 0x5414;
    private static final int TIOCSPTLCK = 0x4004_5431;
    private static final int TIOCGPTPEER = 0x5441;
    private static final int O_NOCTTY_CLOEXEC = Inodes.O_NOCTTY | 0x80000;

    /// Both ends of a pseudo-terminal; the caller owns them.
    public record Pair(Fd master, Fd slave) {}

    private Terminals() {}

    /// A new pseudo-terminal.
    public static Pair open() throws ErrnoException {
        Fd master = Inodes.open("/dev/ptmx", Inodes.O_RDWR | Inodes.O_NOCTTY);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment unlocked = arena.allocate(4, 4);
            Libc.check(
                    Libc.call(Syscall.IOCTL, master.number(), TIOCSPTLCK, unlocked.address()),
                    "ioctl TIOCSPTLCK",
                    master.toString());
            int slave = Libc.call(Syscall.IOCTL, master.number(), TIOCGPTPEER, Inodes.O_RDWR | O_NOCTTY_CLOEXEC);
            return new Pair(master, Fd.own(Libc.check(slave, "ioctl TIOCGPTPEER", master.toString())));
        } catch (ErrnoException e) {
            master.close();
            throw e;
        }
    }

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
