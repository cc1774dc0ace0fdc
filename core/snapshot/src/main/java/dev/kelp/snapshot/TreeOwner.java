// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/// Gives a tree to another owner: no link is followed, nothing outside is touched, other file systems mounted below are
/// left alone, and what belongs to the owner already is not changed.
public final class TreeOwner {
    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;
    private static final long BENEATH = Inodes.RESOLVE_BENEATH | Inodes.RESOLVE_NO_SYMLINKS;

    private TreeOwner() {}

    /// Changes owner and group of `top` and of all below it when it is a directory.
    ///
    /// @param each run after each name below; what it throws ends the work
    public static void change(Fd top, int uid, int gid, Runnable each) throws ErrnoException {
        Stat root = Inodes.stat(top);
        if (root.uid() != uid || root.gid() != gid) {
            Inodes.chown(top, uid, gid);
        }
        if (!root.isDirectory()) {
            return;
        }
        Deque<String> open = new ArrayDeque<>(List.of("."));
        while (!open.isEmpty()) {
            String folder = open.pop();
            try (Fd dir = Inodes.openResolved(top, folder, DIRECTORY, 0, BENEATH)) {
                for (String name : Inodes.list(dir)) {
                    Stat stat = Inodes.stat(dir, name, Inodes.AT_SYMLINK_NOFOLLOW);
                    if (!stat.device().equals(root.device())) {
                        continue;
                    }
                    if (stat.uid() != uid || stat.gid() != gid) {
                        Inodes.chown(dir, name, uid, gid, 0);
                    }
                    if (stat.isDirectory()) {
                        open.push(folder + "/" + name);
                    }
                    each.run();
                }
            } catch (ErrnoException e) {
                // somebody works on it meanwhile
                if (!e.is(Errno.ENOENT) && !e.is(Errno.ENOTDIR) && !e.is(Errno.ELOOP)) {
                    throw e;
                }
            }
        }
    }
}
