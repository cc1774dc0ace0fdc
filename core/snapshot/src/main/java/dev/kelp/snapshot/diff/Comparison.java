// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Stat;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;

/// Whether a file is still what it was below.
final class Comparison {
    private static final int BUFFER_BYTES = 64 << 10;
    private static final long SECOND_NANOS = 1_000_000_000L;

    private Comparison() {}

    /// Owner, mode, time and attributes of two files, by stat and xattrs.
    static boolean sameMetadata(Fd ownDir, String name, Stat own, Fd belowDir, String belowName) throws ErrnoException {
        Stat below = Inodes.stat(belowDir, belowName, Inodes.AT_SYMLINK_NOFOLLOW);
        return own.modifiedNanos() == below.modifiedNanos()
                && sameButForTime(own, below)
                && sameAttributes(ownDir, name, belowDir, belowName);
    }

    static boolean sameButForTime(Stat own, Stat below) {
        return own.mode() == below.mode() && own.uid() == below.uid() && own.gid() == below.gid();
    }

    /// A file that is not a directory, of two whole trees. Copies keep times to the nanosecond, so contents are
    /// compared only where the time says nothing below the second. Another number of links means that the file got
    /// or
    /// lost a name; it is told with that name, so that both stay one file.
    static boolean sameFile(Fd ownDir, String name, Stat own, Fd belowDir, Stat below) throws IOException {
        if (own.sizeBytes() != below.sizeBytes()
                || own.links() != below.links()
                || own.rdevMajor() != below.rdevMajor()
                || own.rdevMinor() != below.rdevMinor()
                || !sameMetadata(ownDir, name, own, belowDir, name)) {
            return false;
        }
        if (own.isSymlink()) {
            return Inodes.readlink(ownDir, name).equals(Inodes.readlink(belowDir, name));
        }
        return !own.isRegular() || own.modifiedNanos() % SECOND_NANOS != 0 || sameContent(ownDir, belowDir, name);
    }

    private static boolean sameAttributes(Fd ownDir, String name, Fd belowDir, String belowName) throws ErrnoException {
        Map<String, byte[]> own = PackedAttributes.of(ownDir, name);
        Map<String, byte[]> below = PackedAttributes.of(belowDir, belowName);
        if (!own.keySet().equals(below.keySet())) {
            return false;
        }
        Iterator<byte[]> b = below.values().iterator();
        for (byte[] value : own.values()) {
            if (!Arrays.equals(value, b.next())) {
                return false;
            }
        }
        return true;
    }

    private static boolean sameContent(Fd ownDir, Fd belowDir, String name) throws IOException {
        int flags = Inodes.O_RDONLY | Inodes.O_NOFOLLOW | Inodes.O_NONBLOCK;
        try (InputStream a = Pipes.input(Inodes.open(ownDir, name, flags, 0));
                InputStream b = Pipes.input(Inodes.open(belowDir, name, flags, 0))) {
            while (true) {
                byte[] x = a.readNBytes(BUFFER_BYTES);
                byte[] y = b.readNBytes(BUFFER_BYTES);
                if (!Arrays.equals(x, y)) {
                    return false;
                }
                if (x.length < BUFFER_BYTES) {
                    return true;
                }
            }
        }
    }
}
