// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import java.util.List;
import java.util.Optional;

/// A directory in a container's root.
///
/// @param owners whom what is made belongs to
record ContainerFolder(Fd directory, String name, Owners owners) implements Folder {
    private static final int ENTER = Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW;

    @Override
    public List<String> names() throws ErrnoException {
        return Inodes.list(directory);
    }

    @Override
    public Optional<Stat> stat(String child) throws ErrnoException {
        try {
            return Optional.of(Inodes.stat(directory, child, Inodes.AT_SYMLINK_NOFOLLOW));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public Fd read(String child) throws ErrnoException {
        return Inodes.open(directory, child, Inodes.O_RDONLY | Inodes.O_NOFOLLOW | Inodes.O_NONBLOCK, 0);
    }

    @Override
    public String link(String child) throws ErrnoException {
        return Inodes.readlink(directory, child);
    }

    @Override
    public Folder folder(String child) throws ErrnoException {
        return new ContainerFolder(Inodes.open(directory, child, ENTER, 0), path(child), owners);
    }

    /// A file that a mount covers, such as /etc/hosts, cannot be replaced and is overwritten.
    @Override
    public Fd create(String child, int mode) throws ErrnoException {
        int flags = Inodes.O_WRONLY | Inodes.O_NOFOLLOW;
        try {
            Inodes.unlink(directory, child, 0);
        } catch (ErrnoException e) {
            if (e.is(Errno.EBUSY)) {
                return Inodes.open(directory, child, flags | Inodes.O_TRUNC | Inodes.O_NONBLOCK, 0);
            }
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        return Inodes.open(directory, child, flags | Inodes.O_CREAT | Inodes.O_EXCL, mode);
    }

    @Override
    public Folder makeFolder(String child, int mode) throws ErrnoException {
        try {
            Inodes.mkdir(directory, child, mode | 0700);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
        return folder(child);
    }

    @Override
    public void makeLink(String target, String child) throws ErrnoException {
        try {
            Inodes.unlink(directory, child, 0);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        Inodes.symlink(target, directory, child);
    }

    /// chown(2) first: it takes set-user-id bits away.
    @Override
    public void settle(Fd file, Stat like) throws ErrnoException {
        Inodes.chown(file, owners.uid(like), owners.gid(like));
        Inodes.chmod(file, like.permissions());
        Inodes.setTimes(file, like.modifiedNanos(), like.modifiedNanos());
    }

    @Override
    public void settleFolder(String child, Stat like) throws ErrnoException {
        try (Fd fd = Inodes.open(directory, child, ENTER, 0)) {
            settle(fd, like);
        }
    }

    @Override
    public void settleLink(String child, Stat like) throws ErrnoException {
        Inodes.chown(directory, child, owners.uid(like), owners.gid(like), 0);
        Inodes.setTimes(directory, child, like.modifiedNanos(), like.modifiedNanos());
    }

    @Override
    public String path(String child) {
        return name.endsWith("/") ? name + child : name + "/" + child;
    }

    @Override
    public void close() {
        directory.close();
    }
}
