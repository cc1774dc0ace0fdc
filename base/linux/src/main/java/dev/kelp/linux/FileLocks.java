// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

/// Locks of whole files, flock(2): held by the open file, gone with its last descriptor, and not those of fcntl(2) that
/// Java's own file channels take.
public final class FileLocks {
    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;

    private FileLocks() {}

    /// Takes the lock for itself alone; false when somebody else has it.
    public static boolean tryExclusive(Fd file) throws ErrnoException {
        return tryLock(file, LOCK_EX);
    }

    /// Takes the lock together with others; false when somebody has it alone.
    public static boolean tryShared(Fd file) throws ErrnoException {
        return tryLock(file, LOCK_SH);
    }

    private static boolean tryLock(Fd file, int kind) throws ErrnoException {
        int r = Libc.call(Syscall.FLOCK, file.number(), kind | LOCK_NB);
        if (r == -Errno.EAGAIN) {
            return false;
        }
        Libc.check(r, "flock", file.toString());
        return true;
    }
}
