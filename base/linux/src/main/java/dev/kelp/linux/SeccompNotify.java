// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.Set;

/// System calls of other threads that wait for this process' word (seccomp_unotify(2)). A notification is received into
/// a [NotifyLedger]; its thread sleeps until it is answered, and goes on as it would have when it is told to.
///
/// What a notification says of memory and descriptors is the thread's, and others of its process may change both at any
/// time: a check of them protects nothing once the kernel has been told to go on.
public final class SeccompNotify {
    static final int NOTIFICATION_BYTES = 80;

    private static final int RECV = 0xC0502100;
    private static final int SEND = 0xC0182101;
    private static final int ID_VALID = 0x40082102;
    private static final int ADDFD = 0x40182103;
    private static final int SET_FLAGS = 0x40082104;
    private static final int SYNC_WAKE_UP = 1;
    private static final int FLAG_CONTINUE = 1;
    private static final int ADDFD_SETFD = 1;

    private static final int SET_MODE_FILTER = 1;
    private static final int FILTER_NEW_LISTENER = 8;
    private static final int PR_SET_NO_NEW_PRIVS = 38;
    private static final int RET_ALLOW = 0x7fff_0000;
    private static final int RET_USER_NOTIF = 0x7fc0_0000;

    private SeccompNotify() {}

    private static final int ARCH_X86_64 = 0xC000003E;
    private static final int ARCH_AARCH64 = 0xC00000B7;
    private static final int ARCH_I386 = 0x40000003;
    private static final int ARCH_ARM = 0x40000028;

    /// Marks numbers of the x32 table.
    private static final int X32 = 0x4000_0000;

    /// The calls that Kelp asks about, with their numbers where programs of 32 bits make them.
    public enum Call {
        CONNECT(Syscall.CONNECT, 362, 283),
        BIND(Syscall.BIND, 361, 282),
        LISTEN(Syscall.LISTEN, 363, 284);

        private final Syscall syscall;
        private final int i386;
        private final int arm;

        Call(Syscall syscall, int i386, int arm) {
            this.syscall = syscall;
            this.i386 = i386;
            this.arm = arm;
        }

        private static final Call[] ALL = values();

        private static Optional<Call> of(int architecture, int number) {
            for (Call c : ALL) {
                if (c.is(architecture, number)) {
                    return Optional.of(c);
                }
            }
            return Optional.empty();
        }

        private boolean is(int architecture, int number) {
            return switch (architecture) {
                case ARCH_X86_64, ARCH_AARCH64 -> (number & ~X32) == syscall.number();
                case ARCH_I386 -> number == i386;
                case ARCH_ARM -> number == arm;
                default -> false;
            };
        }
    }

    /// A call that waits.
    ///
    /// @param thread its id, as this process' namespace of ids has it
    /// @param call empty: none of [Call]
    /// @param descriptor the first argument
    /// @param address the second: of memory, but a number for listen(2)
    /// @param length the third
    public record Notification(long id, int thread, Optional<Call> call, int descriptor, long address, int length) {}

    static Notification read(MemorySegment n) {
        int number = n.get(JAVA_INT, 16);
        int architecture = n.get(JAVA_INT, 20);
        Optional<Call> call = Call.of(architecture, number);
        return new Notification(
                n.get(JAVA_LONG, 0),
                n.get(JAVA_INT, 8),
                call,
                n.get(JAVA_INT, 32),
                n.get(JAVA_LONG, 40),
                n.get(JAVA_INT, 48));
    }

    /// SECCOMP_IOCTL_NOTIF_RECV into zeroed memory; false when the call that was there to be received is gone.
    static boolean receive(Fd listener, MemorySegment notification) throws ErrnoException {
        int r = Libc.call(Syscall.IOCTL, listener.number(), RECV, notification.address());
        if (r == -Errno.ENOENT || r == -Errno.EINTR) {
            return false;
        }
        Libc.check(r, "ioctl", "SECCOMP_IOCTL_NOTIF_RECV");
        return true;
    }

    /// Has whoever asks and whoever answers take turns on one processor (SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP): to
    /// wake
    /// another one that sleeps takes longer than most answers. Nothing changes before Linux 6.6.
    public static void takeTurns(Fd listener) {
        Libc.call(Syscall.IOCTL, listener.number(), SET_FLAGS, SYNC_WAKE_UP);
    }

    /// Whether the call still waits: if so, its thread is the one it was when it was asked about.
    public static boolean waits(Fd listener, long id) {
        MemorySegment value = Libc.scratch();
        value.set(JAVA_LONG, 0, id);
        return Libc.call(Syscall.IOCTL, listener.number(), ID_VALID, value.address()) == 0;
    }

    /// Lets the kernel carry the call out, with whatever its memory and descriptors hold by then.
    ///
    /// @return whether it still waited
    public static boolean proceed(Fd listener, long id) throws ErrnoException {
        return answer(listener, id, 0, FLAG_CONTINUE);
    }

    /// Gives the call a result.
    ///
    /// @param errno 0: it succeeded and returns 0
    /// @return whether it still waited
    public static boolean finish(Fd listener, long id, int errno) throws ErrnoException {
        return answer(listener, id, -errno, 0);
    }

    private static boolean answer(Fd listener, long id, int error, int flags) throws ErrnoException {
        MemorySegment a = Libc.scratch();
        a.set(JAVA_LONG, 0, id);
        a.set(JAVA_LONG, 8, 0);
        a.set(JAVA_INT, 16, error);
        a.set(JAVA_INT, 20, flags);
        int r = Libc.call(Syscall.IOCTL, listener.number(), SEND, a.address());
        if (r == -Errno.ENOENT || r == -Errno.EINPROGRESS) {
            return false;
        }
        Libc.check(r, "ioctl", "SECCOMP_IOCTL_NOTIF_SEND");
        return true;
    }

    /// Puts a duplicate of `fd` in the place of the waiting process' descriptor `number`, which is closed.
    ///
    /// @return whether the call still waited
    public static boolean replace(Fd listener, long id, Fd fd, int number, boolean closeOnExec) throws ErrnoException {
        MemorySegment a = Libc.scratch();
        a.set(JAVA_LONG, 0, id);
        a.set(JAVA_INT, 8, ADDFD_SETFD);
        a.set(JAVA_INT, 12, fd.number());
        a.set(JAVA_INT, 16, number);
        a.set(JAVA_INT, 20, closeOnExec ? Inodes.O_CLOEXEC : 0);
        int r = Libc.call(Syscall.IOCTL, listener.number(), ADDFD, a.address());
        if (r == -Errno.ENOENT || r == -Errno.EINPROGRESS) {
            return false;
        }
        Libc.check(r, "ioctl", "SECCOMP_IOCTL_NOTIF_ADDFD");
        return true;
    }

    /// Has these calls of the present thread, and of threads and processes it starts, wait for an answer from now
    /// on.
    /// There is no way back; the process gains no privileges by execve(2) any more.
    ///
    /// @return where they are received
    public static Fd listenOnThisThread(Set<Call> calls) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            int count = 3 + 2 * calls.size();
            MemorySegment code = arena.allocate(8L * count, 8);
            instruction(code, 0, 0x20, 0, 0, 0); // ld [nr]
            int at = 1;
            for (Call c : calls) {
                instruction(code, at++, 0x15, 0, 1, c.syscall.number()); // jeq nr, next, over
                instruction(code, at++, 0x06, 0, 0, RET_USER_NOTIF);
            }
            instruction(code, at++, 0x06, 0, 0, RET_ALLOW);
            MemorySegment program = arena.allocate(16, 8);
            program.set(JAVA_SHORT, 0, (short) at);
            program.set(JAVA_LONG, 8, code.address());
            Libc.check(Libc.call(Syscall.PRCTL, PR_SET_NO_NEW_PRIVS, 1, 0, 0), "prctl", "PR_SET_NO_NEW_PRIVS");
            return Fd.own(Libc.check(
                    Libc.call(Syscall.SECCOMP, SET_MODE_FILTER, FILTER_NEW_LISTENER, program.address()),
                    "seccomp",
                    "SECCOMP_SET_MODE_FILTER"));
        }
    }

    /// struct sock_filter.
    static void instruction(MemorySegment code, int index, int operation, int yes, int no, int value) {
        long at = 8L * index;
        code.set(JAVA_SHORT, at, (short) operation);
        code.set(JAVA_BYTE, at + 2, (byte) yes);
        code.set(JAVA_BYTE, at + 3, (byte) no);
        code.set(JAVA_INT, at + 4, value);
    }
}
