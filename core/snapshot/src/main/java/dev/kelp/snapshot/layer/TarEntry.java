// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import java.util.Map;

/// One member of a tar, extended headers applied.
///
/// @param type the type flag of ustar, `0` for every kind of regular file
/// @param sizeBytes the data that follows; 0 for everything but regular files
/// @param modifiedNanos since the epoch; 0 when the tar's time is before it or after 2262
/// @param xattrs names without `SCHILY.xattr.`
record TarEntry(
        String path,
        String link,
        char type,
        long sizeBytes,
        int mode,
        long uid,
        long gid,
        long modifiedNanos,
        Map<String, byte[]> xattrs) {
    static final char REGULAR = '0';
    static final char HARD_LINK = '1';
    static final char SYMLINK = '2';
    static final char CHARACTER_DEVICE = '3';
    static final char BLOCK_DEVICE = '4';
    static final char DIRECTORY = '5';
    static final char FIFO = '6';
}
