// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import dev.kelp.engine.UserEnvironment;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.SocketOptions;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Optional;

/// A directory of the user's: her client opens everything, by path.
record ClientFolder(UserEnvironment user, String directory) implements Folder {
    @Override
    public List<String> names() throws ErrnoException {
        try (Fd fd = user.open(directory, Inodes.O_RDONLY | Inodes.O_DIRECTORY, 0)) {
            return Inodes.list(fd);
        }
    }

    @Override
    public Optional<Stat> stat(String name) throws ErrnoException {
        return stat(user, path(name), Inodes.O_NOFOLLOW);
    }

    /// @param flags O_NOFOLLOW or 0
    static Optional<Stat> stat(UserEnvironment user, String path, int flags) throws ErrnoException {
        try (Fd fd = user.open(path, Inodes.O_PATH | flags, 0)) {
            return Optional.of(Inodes.stat(fd));
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public Fd read(String name) {
        return user.open(path(name), Inodes.O_RDONLY | Inodes.O_NOFOLLOW | Inodes.O_NONBLOCK, 0);
    }

    @Override
    public String link(String name) throws ErrnoException {
        try (Fd fd = user.open(path(name), Inodes.O_PATH | Inodes.O_NOFOLLOW, 0)) {
            return Inodes.readlink(fd, "");
        }
    }

    @Override
    public Folder folder(String name) {
        return new ClientFolder(user, path(name));
    }

    @Override
    public Fd create(String name, int mode) {
        // a FIFO that nobody reads is refused and not waited for
        Fd file = user.open(path(name), Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_NONBLOCK, mode);
        SocketOptions.setNonBlocking(file, false);
        return file;
    }

    @Override
    public Folder makeFolder(String name, int mode) {
        user.makeDirectories(path(name), mode | 0700);
        return folder(name);
    }

    @Override
    public void makeLink(String target, String name) {
        int code = user.runHelper(List.of("ln", "-sfn", "--", target, path(name)), new byte[0])
                .exitCode();
        if (code != 0) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot make the symbolic link `" + path(name) + "`");
        }
    }

    /// Owners are not taken along: the files are the user's. A mode or time the daemon may not set, host root's
    /// client
    /// having made the file, stays as it is.
    @Override
    public void settle(Fd file, Stat like) throws ErrnoException {
        try {
            Inodes.chmod(file, like.permissions() & 01777);
            Inodes.setTimes(file, like.modifiedNanos(), like.modifiedNanos());
        } catch (ErrnoException e) {
            if (!e.is(dev.kelp.linux.Errno.EPERM)) {
                throw e;
            }
        }
    }

    @Override
    public void settleFolder(String name, Stat like) throws ErrnoException {
        try (Fd fd = user.open(path(name), Inodes.O_RDONLY | Inodes.O_DIRECTORY, 0)) {
            settle(fd, like);
        }
    }

    @Override
    public void settleLink(String name, Stat like) {
        // a link has no mode, and its time is nobody's concern
    }

    @Override
    public String path(String name) {
        return directory.endsWith("/") ? directory + name : directory + "/" + name;
    }

    @Override
    public void close() {
        // holds nothing open
    }
}
