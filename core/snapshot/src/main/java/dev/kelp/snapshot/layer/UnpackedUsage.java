// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.Stat;
import dev.kelp.snapshot.Usage;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Counts what a layer takes on the disk while it is unpacked: cheaper than to look at each file again afterwards.
/// Files are reckoned in whole blocks.
final class UnpackedUsage {
    private static final int BLOCK_BYTES = 4096;
    /// Longer targets of symbolic links do not fit into an inode.
    private static final int SYMLINK_INODE_BYTES = 59;

    private static final int SECTOR_BYTES = 512;

    private long sizeBytes;
    private long inodes;
    private boolean known = true;

    void addFile(long contentBytes) {
        sizeBytes += (contentBytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        inodes++;
    }

    void addSymlink(String target) {
        boolean fits = target.getBytes(StandardCharsets.UTF_8).length <= SYMLINK_INODE_BYTES;
        sizeBytes += fits ? 0 : BLOCK_BYTES;
        inodes++;
    }

    /// A directory in which nothing is made any more.
    void addDirectory(Stat directory) {
        sizeBytes += directory.blocks() * SECTOR_BYTES;
        inodes++;
    }

    /// Something that was counted went, or something that was not came.
    void forget() {
        known = false;
    }

    /// The sum.
    ///
    /// @param implied how many directories were made that no entry named
    @Nullable
    Usage total(int implied) {
        return known ? new Usage(sizeBytes + (long) implied * BLOCK_BYTES, inodes + implied) : null;
    }
}
