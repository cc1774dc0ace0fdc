// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.linux.Xattrs;

/// How deletions are written: in a tar (OCI image specification, "Whiteouts") and in an overlayfs upper directory.
public final class Whiteouts {
    /// `.wh.NAME` in a tar: NAME of a parent is gone.
    public static final String PREFIX = ".wh.";
    /// Metadata of aufs, of which only [#OPAQUE] means anything.
    static final String META_PREFIX = ".wh..wh.";
    /// In a tar: everything the parents have in this directory is gone.
    static final String OPAQUE = ".wh..wh..opq";
    /// In an upper directory mounted with `userxattr`: value `y` hides what the parents have.
    static final String OPAQUE_XATTR = "user.overlay.opaque";
    /// Everything overlayfs keeps for itself; an image may not bring any of it.
    public static final String XATTR_PREFIX = "user.overlay.";

    private static final byte[] YES = {'y'};

    private Whiteouts() {}

    /// Makes the sign for a deleted name; EEXIST when there is something.
    static void mark(Fd dir, String name) throws ErrnoException {
        Inodes.mknod(dir, name, Stat.S_IFCHR, 0, 0);
    }

    static void makeOpaque(Fd dir, String name) throws ErrnoException {
        int flags = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;
        try (Fd child = Inodes.open(dir, name, flags, 0)) {
            Xattrs.set(child, OPAQUE_XATTR, YES);
        }
    }

    public static boolean isOpaque(Fd dir, String name) throws ErrnoException {
        int flags = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;
        try (Fd child = Inodes.open(dir, name, flags, 0)) {
            return Xattrs.get(child, OPAQUE_XATTR).isPresent();
        }
    }
}
