// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import static dev.kelp.linux.Inodes.O_DIRECTORY;
import static dev.kelp.linux.Inodes.O_NOCTTY;
import static dev.kelp.linux.Inodes.O_NONBLOCK;
import static dev.kelp.linux.Inodes.O_PATH;
import static dev.kelp.linux.Inodes.RESOLVE_IN_ROOT;
import static dev.kelp.linux.Inodes.RESOLVE_NO_MAGICLINKS;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// A container's root directory, read and changed without ever leaving it: every path is resolved by openat2(2)
/// with RESOLVE_IN_ROOT, so links and `..` that an image put there end inside.
public final class RootFiles implements AutoCloseable {
    /// The most of one file that [#read] takes.
    public static final int FILE_BYTES_MAX = 8 << 20;

    private static final long INSIDE = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

    private final Fd root;
    private final String name;

    /// @param path the root directory as seen here; it may be `/proc/PID/root`
    public RootFiles(String path) {
        this.name = path;
        try {
            this.root = Inodes.open(path, O_PATH | O_DIRECTORY);
        } catch (ErrnoException e) {
            throw e.toKelp("open the container's root directory");
        }
    }

    /// The content of a regular file; empty when there is none.
    ///
    /// @throws KelpException RESOURCE_EXHAUSTED beyond [#FILE_BYTES_MAX]
    public Optional<byte[]> read(String path) {
        try (Fd fd = Inodes.openResolved(root, path, O_NONBLOCK | O_NOCTTY, 0, INSIDE)) {
            Stat stat = Inodes.stat(fd);
            if (!stat.isRegular()) {
                return Optional.empty();
            }
            try (InputStream in = Pipes.input(fd)) {
                byte[] bytes = in.readNBytes(FILE_BYTES_MAX + 1);
                if (bytes.length > FILE_BYTES_MAX) {
                    throw new KelpException(
                            ErrorKind.RESOURCE_EXHAUSTED,
                            "read " + path + " of the container: more than " + FILE_BYTES_MAX + " bytes");
                }
                return Optional.of(bytes);
            }
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT) || e.is(Errno.ENOTDIR) || e.is(Errno.ELOOP) || e.is(Errno.EACCES)) {
                return Optional.empty();
            }
            throw e.toKelp("read " + path + " of the container");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "read " + path + " of the container: " + e.getMessage(), e);
        }
    }

    /// Whether something is at `path`, links followed inside.
    public Optional<Stat> stat(String path) {
        try (Fd fd = Inodes.openResolved(root, path, O_PATH, 0, INSIDE)) {
            return Optional.of(Inodes.stat(fd));
        } catch (ErrnoException e) {
            return Optional.empty();
        }
    }

    /// The directory at `path`, links followed inside; empty when there is none.
    public Optional<Fd> openDirectory(String path) {
        try {
            return Optional.of(Inodes.openResolved(root, path, O_DIRECTORY, 0, INSIDE));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT) || e.is(Errno.ENOTDIR) || e.is(Errno.ELOOP)) {
                return Optional.empty();
            }
            throw e.toKelp("open " + path + " of the container");
        }
    }

    /// Adds a line to a file, or makes the file.
    public void appendLine(String path, String line) {
        int flags = Inodes.O_WRONLY | Inodes.O_APPEND | Inodes.O_CREAT | O_NOCTTY | O_NONBLOCK;
        try (Fd fd = Inodes.openResolved(root, path, flags, 0644, INSIDE);
                OutputStream out = Pipes.output(fd)) {
            out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "write " + path + " of the container: " + e.getMessage(), e);
        }
    }

    /// Makes `path` and its parents as directories of `uid` and `gid` (mode 0755) where they are missing.
    ///
    /// @throws KelpException INVALID_ARGUMENT when a part of it is no directory
    public void makeDirectories(String path, int uid, int gid) {
        String done = "/";
        try {
            for (String part : path.split("/")) {
                if (part.isEmpty() || part.equals(".")) {
                    continue;
                }
                makeDirectory(done, part, uid, gid);
                done = done.endsWith("/") ? done + part : done + "/" + part;
            }
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOTDIR)) {
                throw KelpException.invalid("make the directory " + path + " in the container: a part of it is a file");
            }
            throw e.toKelp("make the directory " + path + " in the container");
        }
    }

    private void makeDirectory(String parent, String part, int uid, int gid) throws ErrnoException {
        try (Fd dir = Inodes.openResolved(root, parent, O_PATH | O_DIRECTORY, 0, INSIDE)) {
            if (part.equals("..")) {
                return;
            }
            try {
                Inodes.mkdir(dir, part, 0755);
            } catch (ErrnoException e) {
                if (e.is(Errno.EEXIST)) {
                    return;
                }
                throw e;
            }
            if (uid != 0 || gid != 0) {
                Inodes.chown(dir, part, uid, gid, 0);
            }
        }
    }

    @Override
    public void close() {
        root.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
