// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

/// What a snapshot occupies by itself, without its parents.
///
/// @param sizeBytes blocks allocated on the disk × 512, a file with several hard links once
/// @param inodes files, directories and everything else that has an inode
public record Usage(long sizeBytes, long inodes) {
    public static final Usage NONE = new Usage(0, 0);

    public Usage plus(Usage other) {
        return new Usage(sizeBytes + other.sizeBytes, inodes + other.inodes);
    }
}
