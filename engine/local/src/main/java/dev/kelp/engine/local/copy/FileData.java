// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.NativeBuffer;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.nio.ByteBuffer;

/// Copies a file's content without bringing it into this process where the kernel can: shared blocks, else
/// copy_file_range(2), else sendfile(2), else read(2) and write(2).
final class FileData {
    /// Between two of them the copy can be interrupted.
    private static final long STEP_BYTES = 64L << 20;

    private static final int BUFFER_BYTES = 1 << 20;
    private static final int SEEK_CUR = 1;

    private FileData() {}

    /// Replaces the content of `to`. Of what it had one byte is left at first: of a file that was emptied ext4
    /// writes
    /// out what comes next when it is closed, which takes as long as the copy.
    ///
    /// @param to at its beginning; when it is the same file, nothing is done
    /// @param sizeBytes 0 may be a file of procfs, which has content all the same
    static void copy(Fd from, Fd to, long sizeBytes) throws ErrnoException {
        Stat before = Inodes.stat(to);
        if (before.isRegular() && Inodes.stat(from).sameFile(before)) {
            return;
        }
        boolean replaces = before.isRegular() && before.sizeBytes() > 0;
        if (replaces) {
            Inodes.truncate(to, 1);
        }
        if (sizeBytes > 0) {
            try {
                Inodes.reflink(from, to);
                return;
            } catch (ErrnoException e) {
                // not one file system, or one that cannot
            }
        }
        try {
            if (sizeBytes == 0 || (!byRange(from, to) && !bySendFile(from, to))) {
                byBuffer(from, to);
            }
        } finally {
            if (replaces && Pipes.seek(to, 0, SEEK_CUR) == 0) {
                Inodes.truncate(to, 0);
            }
        }
    }

    private interface Step {
        long copy() throws ErrnoException;
    }

    private static boolean byRange(Fd from, Fd to) throws ErrnoException {
        return inSteps(() -> Inodes.copyRange(from, to, STEP_BYTES));
    }

    private static boolean bySendFile(Fd from, Fd to) throws ErrnoException {
        return inSteps(() -> Pipes.sendFile(to, from, STEP_BYTES));
    }

    /// False when the very first step is refused: another way may do.
    private static boolean inSteps(Step step) throws ErrnoException {
        long done = 0;
        try {
            while (true) {
                long n = step.copy();
                if (n == 0) {
                    return done > 0;
                }
                done += n;
                checkInterrupted();
            }
        } catch (ErrnoException e) {
            if (done == 0) {
                return false;
            }
            throw e;
        }
    }

    private static void byBuffer(Fd from, Fd to) throws ErrnoException {
        try (NativeBuffer memory = new NativeBuffer(BUFFER_BYTES)) {
            ByteBuffer buffer = memory.bytes();
            while (Pipes.read(from, buffer.clear()) > 0) {
                Pipes.writeAll(to, buffer.flip());
                checkInterrupted();
            }
        }
    }

    static void checkInterrupted() {
        if (Thread.currentThread().isInterrupted()) {
            throw new KelpException(ErrorKind.CANCELLED, "the copy was interrupted");
        }
    }
}
