// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.util.concurrent.atomic.AtomicInteger;

/// An open file descriptor with one owner. Closing twice is harmless; using it after closing is a bug and throws.
public final class Fd implements AutoCloseable {
    /// AT_FDCWD: relative paths resolve in the process' working directory. Only for absolute paths here.
    public static final Fd CWD = new Fd(-100);

    private final AtomicInteger number;

    private Fd(int number) {
        this.number = new AtomicInteger(number);
    }

    /// Takes ownership of a descriptor that came from outside this module (inherited, or 3 and 4 of the daemon).
    public static Fd own(int number) {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor " + number);
        }
        return new Fd(number);
    }

    public int number() {
        int n = number.get();
        if (n == -1) {
            throw new IllegalStateException("the descriptor is closed");
        }
        return n;
    }

    public boolean isOpen() {
        return number.get() != -1;
    }

    /// Gives the number away; this object is closed afterwards and will not close it.
    public int release() {
        return number.getAndSet(-1);
    }

    /// A second descriptor of the same open file description (fcntl(2) F_DUPFD_CLOEXEC).
    public Fd duplicate() throws ErrnoException {
        return new Fd(Libc.check(Libc.fcntl(number(), Libc.F_DUPFD_CLOEXEC, 3), "fcntl", "F_DUPFD_CLOEXEC"));
    }

    /// `/proc/self/fd/N`, to name the file in calls that take only a path.
    public String procPath() {
        return "/proc/self/fd/" + number();
    }

    @Override
    public void close() {
        int n = number.get();
        if (n >= 0 && number.compareAndSet(n, -1)) {
            Libc.close(n);
        }
    }

    @Override
    public String toString() {
        return "fd " + number.get();
    }
}
