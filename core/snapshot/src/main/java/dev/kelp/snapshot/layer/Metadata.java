// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Xattrs;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.IdMaps;
import dev.kelp.model.KelpException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// Owners, attributes, modes and times of files just made, in the order in which the later does not undo the
/// earlier.
final class Metadata {
    private static final String CAPABILITY = "security.capability";
    /// How many different attributes are told apart in the count of dropped ones.
    private static final int NAMES_MAX = 64;
    /// vfs_ns_cap_data of revision 3: 20 bytes as in revision 2, then the namespace's root id (capabilities(7)).
    private static final int CAPABILITY_V3_BYTES = 24;

    private static final int CAPABILITY_V2_BYTES = 20;

    private final UnpackPolicy policy;
    private final Map<String, Long> droppedXattrs = new HashMap<>();
    private long squashedOwners;

    Metadata(UnpackPolicy policy) {
        this.policy = policy;
    }

    long squashedOwners() {
        return squashedOwners;
    }

    Map<String, Long> droppedXattrs() {
        return droppedXattrs;
    }

    /// A regular file made by us a moment ago: it is ours, so root's files need no chown unless the group was
    /// inherited.
    void file(Fd fd, TarEntry entry, boolean groupInherited) throws ErrnoException {
        if (uid(entry) != 0 || gid(entry) != 0 || groupInherited) {
            chown(fd, entry);
        }
        xattrs(fd, entry);
        Inodes.chmod(fd, entry.mode());
        Inodes.setTimes(fd, entry.modifiedNanos(), entry.modifiedNanos());
    }

    /// A directory, old or new.
    void directory(Fd fd, TarEntry entry) throws ErrnoException {
        chown(fd, entry);
        xattrs(fd, entry);
        Inodes.chmod(fd, entry.mode());
        Inodes.setTimes(fd, entry.modifiedNanos(), entry.modifiedNanos());
    }

    /// A symbolic link or FIFO made by us a moment ago.
    void node(Fd dir, String name, TarEntry entry, boolean groupInherited) throws ErrnoException {
        if (uid(entry) != 0 || gid(entry) != 0 || groupInherited) {
            try {
                Inodes.chown(dir, name, mapped(uid(entry)), mapped(gid(entry)), 0);
            } catch (ErrnoException e) {
                ownerRefused(e, entry);
            }
        }
        for (Map.Entry<String, byte[]> x : entry.xattrs().entrySet()) {
            if (isAllowed(x.getKey())) {
                try {
                    Xattrs.setNoFollow(dir.procPath() + "/" + name, x.getKey(), x.getValue());
                } catch (ErrnoException e) {
                    attributeRefused(e, x.getKey());
                }
            }
        }
        if (entry.type() != TarEntry.SYMLINK) {
            Inodes.chmod(dir, name, entry.mode());
        }
        Inodes.setTimes(dir, name, entry.modifiedNanos(), entry.modifiedNanos());
    }

    private void chown(Fd fd, TarEntry entry) throws ErrnoException {
        try {
            Inodes.chown(fd, mapped(uid(entry)), mapped(gid(entry)));
        } catch (ErrnoException e) {
            ownerRefused(e, entry);
        }
    }

    private long uid(TarEntry entry) {
        IdMaps ids = policy.ids();
        return ids == null ? entry.uid() : ids.uid(entry.uid());
    }

    private long gid(TarEntry entry) {
        IdMaps ids = policy.ids();
        return ids == null ? entry.gid() : ids.gid(entry.gid());
    }

    /// -1 would tell chown(2) to leave the owner as it is.
    private static int mapped(long id) throws ErrnoException {
        if (id < 0) {
            throw new ErrnoException("chown", Errno.EINVAL, "");
        }
        return (int) id;
    }

    private void ownerRefused(ErrnoException e, TarEntry entry) throws ErrnoException {
        if (!e.is(Errno.EINVAL) && !e.is(Errno.EPERM)) {
            throw e;
        }
        if (policy.ownership() == Ownership.EXACT) {
            throw new KelpException(
                            ErrorKind.FAILED_PRECONDITION,
                            "unpack layer: give `" + entry.path() + "` to " + entry.uid() + ":" + entry.gid()
                                    + ": this user namespace has no such id",
                            e)
                    .withHint("the image uses ids beyond the user's range; add more to /etc/subuid and /etc/subgid");
        }
        squashedOwners++;
    }

    private void xattrs(Fd fd, TarEntry entry) throws ErrnoException {
        if (entry.xattrs().isEmpty()) {
            return;
        }
        for (Map.Entry<String, byte[]> x : entry.xattrs().entrySet()) {
            if (isAllowed(x.getKey())) {
                try {
                    Xattrs.set(fd, x.getKey(), value(x.getKey(), x.getValue()));
                } catch (ErrnoException e) {
                    attributeRefused(e, x.getKey());
                }
            }
        }
    }

    /// The root id of capabilities of revision 3 belongs to the machine that packed the image. As revision 2 the
    /// kernel stores them with ours.
    private static byte[] value(String name, byte[] value) {
        if (!name.equals(CAPABILITY) || value.length != CAPABILITY_V3_BYTES || value[3] != 3) {
            return value;
        }
        byte[] v2 = Arrays.copyOf(value, CAPABILITY_V2_BYTES);
        v2[3] = 2;
        return v2;
    }

    private boolean isAllowed(String name) {
        if (name.startsWith(Whiteouts.XATTR_PREFIX) || name.indexOf('\0') >= 0) {
            dropped(name.replace('\0', '?'));
            return false;
        }
        return true;
    }

    private void attributeRefused(ErrnoException e, String name) throws ErrnoException {
        if (!e.is(Errno.EPERM) && !e.is(Errno.ENOTSUP) && !e.is(Errno.EACCES) && !e.is(Errno.EINVAL)) {
            throw e;
        }
        dropped(name);
    }

    private void dropped(String name) {
        String counted = droppedXattrs.containsKey(name) || droppedXattrs.size() < NAMES_MAX ? name : "(others)";
        droppedXattrs.merge(counted, 1L, Long::sum);
    }
}
