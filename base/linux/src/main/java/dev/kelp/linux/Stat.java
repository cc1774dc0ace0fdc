// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

/// What statx(2) tells of a file. Times in nanoseconds since the epoch (seconds × 10⁹ + nanoseconds fits until 2262).
public record Stat(
        int mode,
        int uid,
        int gid,
        long inode,
        long sizeBytes,
        long blocks,
        int links,
        long modifiedNanos,
        long deviceMajor,
        long deviceMinor,
        long rdevMajor,
        long rdevMinor,
        long mountId) {
    public static final int S_IFMT = 0xF000;
    public static final int S_IFIFO = 0x1000;
    public static final int S_IFCHR = 0x2000;
    public static final int S_IFDIR = 0x4000;
    public static final int S_IFBLK = 0x6000;
    public static final int S_IFREG = 0x8000;
    public static final int S_IFLNK = 0xA000;
    public static final int S_IFSOCK = 0xC000;

    /// The same file, belonging to others.
    public Stat withOwner(int user, int group) {
        return new Stat(
                mode,
                user,
                group,
                inode,
                sizeBytes,
                blocks,
                links,
                modifiedNanos,
                deviceMajor,
                deviceMinor,
                rdevMajor,
                rdevMinor,
                mountId);
    }

    public int type() {
        return mode & S_IFMT;
    }

    public int permissions() {
        return mode & 0xFFF;
    }

    /// The device that holds the file, `major:minor`.
    public String device() {
        return deviceMajor + ":" + deviceMinor;
    }

    public boolean isDirectory() {
        return type() == S_IFDIR;
    }

    public boolean isRegular() {
        return type() == S_IFREG;
    }

    public boolean isSymlink() {
        return type() == S_IFLNK;
    }

    /// A character device 0:0, overlayfs' sign for a deleted name.
    public boolean isWhiteout() {
        return type() == S_IFCHR && rdevMajor == 0 && rdevMinor == 0;
    }

    public boolean sameFile(Stat o) {
        return inode == o.inode && deviceMajor == o.deviceMajor && deviceMinor == o.deviceMinor;
    }
}
