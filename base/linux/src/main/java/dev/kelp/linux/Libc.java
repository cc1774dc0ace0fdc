// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The C library, raw: each method returns what the function returns, or −errno. `syscall` reaches what glibc lacks.
final class Libc {
    /// Of [#scratch].
    static final int SCRATCH_BYTES = 256;

    static final int F_GETFD = 1;
    static final int F_GETFL = 3;
    static final int F_SETFL = 4;
    static final int F_DUPFD_CLOEXEC = 1030;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final VarHandle ERRNO_FIELD =
            Linker.Option.captureStateLayout().varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final ThreadLocal<MemorySegment> STATE =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(Linker.Option.captureStateLayout()));

    private static final ThreadLocal<MemorySegment> SCRATCH =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(SCRATCH_BYTES, 8));

    // long syscall(long number, ...), syscall(2)
    private static final MethodHandle SYSCALL = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("syscall"),
            FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            ERRNO,
            Linker.Option.firstVariadicArg(1));

    private Libc() {}

    /// Linked when the first error is put into words, and not at every start.
    private static final class Words {
        // char *strerror(int), strerror(3)
        private static final MethodHandle STRERROR = LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow("strerror"), FunctionDescriptor.of(ADDRESS, JAVA_INT));
    }

    /// syscall(2) with up to six arguments: value ≥ 0 (or an address), or −errno.
    static long syscall(long number, long a, long b, long c, long d, long e, long f) {
        MemorySegment state = STATE.get();
        long result;
        try {
            result = (long) SYSCALL.invokeExact(state, number, a, b, c, d, e, f);
        } catch (Throwable t) {
            throw new IllegalStateException("syscall " + number, t);
        }
        return result == -1 ? -(int) ERRNO_FIELD.get(state, 0L) : result;
    }

    static int call(Syscall number, long a, long b, long c, long d, long e, long f) {
        return (int) syscall(number.number(), a, b, c, d, e, f);
    }

    static int call(Syscall number, long a, long b, long c, long d) {
        return call(number, a, b, c, d, 0, 0);
    }

    static int call(Syscall number, long a, long b, long c) {
        return call(number, a, b, c, 0, 0, 0);
    }

    static int call(Syscall number, long a, long b) {
        return call(number, a, b, 0, 0, 0, 0);
    }

    static int call(Syscall number, long a) {
        return call(number, a, 0, 0, 0, 0, 0);
    }

    /// Memory of this thread's for the arguments of its next call, where an arena for each would take longer than
    /// the
    /// call. Others use it as well: nothing in it lasts.
    static MemorySegment scratch() {
        return SCRATCH.get();
    }

    static int check(int result, String call, String subject) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(call, -result, subject);
        }
        return result;
    }

    static long check(long result, String call, String subject) throws ErrnoException {
        if (result < 0) {
            throw new ErrnoException(call, (int) -result, subject);
        }
        return result;
    }

    static int close(int fd) {
        return call(Syscall.CLOSE, fd);
    }

    static int fcntl(int fd, int command, long argument) {
        return call(Syscall.FCNTL, fd, command, argument);
    }

    static String strerror(int errno) {
        try {
            MemorySegment s = (MemorySegment) Words.STRERROR.invokeExact(errno);
            return s.reinterpret(256).getString(0);
        } catch (Throwable t) {
            return "errno " + errno;
        }
    }

    /// The NUL-terminated UTF-8 bytes of `s`. A NUL inside would cut the path short: refused.
    static MemorySegment string(Arena arena, String s) {
        if (s.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a NUL character in `" + s.replace('\0', '?') + "`");
        }
        if (FileNames.isUtf8(s)) {
            return arena.allocateFrom(s);
        }
        byte[] bytes = FileNames.encode(s);
        MemorySegment segment = arena.allocate(bytes.length + 1L);
        MemorySegment.copy(bytes, 0, segment, JAVA_BYTE, 0, bytes.length);
        return segment;
    }
}
