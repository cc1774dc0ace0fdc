// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.FileLocks;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The folder that belongs to one run: `lock` while it lasts, `child_pid`, `api.sock`, `netns`. What an earlier run
/// that
/// was killed has left is removed; a run that ends removes all of it.
final class StateDirectory implements AutoCloseable {
    private static final String LOCK = "lock";

    /// The JVM of a launcher that was just killed may take this long to end.
    private static final int LOCK_TRIES = 50;

    private static final long LOCK_AGAIN_MILLIS = 20;

    private final Path path;
    private final Fd folder;
    private final Fd lock;

    private StateDirectory(Path path, Fd folder, Fd lock) {
        this.path = path;
        this.folder = folder;
        this.lock = lock;
    }

    /// A new one below the folder for temporary files.
    static StateDirectory temporary(Path parent) {
        try {
            return open(Files.createTempDirectory(parent, "rootlesskit"));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make a state directory in " + parent + ": " + e, e);
        }
    }

    /// That one, made if need be.
    ///
    /// @throws KelpException FAILED_PRECONDITION when somebody else uses it
    static StateDirectory open(Path path) {
        try {
            Files.createDirectories(path);
            Fd folder = Inodes.open(path.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY);
            // systemd-tmpfiles leaves alone what somebody has locked
            FileLocks.tryShared(folder);
            Fd lock = Inodes.open(Fd.CWD, path.resolve(LOCK).toString(), Inodes.O_RDWR | Inodes.O_CREAT, 0600);
            if (!taken(lock)) {
                lock.close();
                folder.close();
                throw new KelpException(
                        ErrorKind.UNAVAILABLE,
                        "lock " + path.resolve(LOCK) + ": another rootlesskit runs with this state directory");
            }
            StateDirectory state = new StateDirectory(path, folder, lock);
            state.clear(false);
            return state;
        } catch (ErrnoException e) {
            throw e.toKelp("use state directory " + path);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "use state directory " + path + ": " + e, e);
        }
    }

    private static boolean taken(Fd lock) throws ErrnoException {
        for (int i = 0; i < LOCK_TRIES; i++) {
            if (FileLocks.tryExclusive(lock)) {
                return true;
            }
            try {
                Thread.sleep(LOCK_AGAIN_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return false;
    }

    private void clear(boolean everything) throws IOException {
        List<String> names;
        try (Stream<Path> files = Files.list(path)) {
            names = files.map(f -> f.getFileName().toString()).toList();
        }
        for (String name : names) {
            if (everything || !name.equals(LOCK)) {
                Inodes.removeTree(folder, name);
            }
        }
    }

    Path path() {
        return path;
    }

    Path file(String name) {
        return path.resolve(name);
    }

    /// Whole or not at all, so that a reader who waits for the file finds its text.
    void write(String name, String text) throws IOException {
        Path unfinished = Files.createTempFile(path, "." + name, "");
        Files.writeString(unfinished, text);
        Files.setPosixFilePermissions(unfinished, java.nio.file.attribute.PosixFilePermissions.fromString("r--r--r--"));
        Files.move(unfinished, file(name), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    /// Removes it with all that is in it.
    @Override
    public void close() {
        try {
            clear(true);
            Files.deleteIfExists(path);
        } catch (IOException e) {
            // what is left has no lock: the next run clears it
        }
        lock.close();
        folder.close();
    }
}
