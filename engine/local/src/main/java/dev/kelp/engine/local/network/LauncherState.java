// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.FileLocks;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Mounts;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/// The state directory of a launcher, for scripts that enter the namespaces by it: `child_pid` is a process in the user
/// and mount namespace, `netns` the network namespace as seen from there. Held by its lock while the daemon lives.
final class LauncherState implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(LauncherState.class.getName());

    private static final String NAME = "containerd-rootless";

    private final Fd lock;

    private LauncherState(Fd lock) {
        this.lock = lock;
    }

    /// Where it is unless the user names another: where rootless containerd has it, beside the run root of the
    /// user's
    /// own engine, and in that of others. The client's `nsenter` looks for it there.
    static Path usual(Path runRoot) {
        boolean own = runRoot.toString().matches("/run/user/\\d+/kelp");
        return own ? runRoot.resolveSibling(NAME) : runRoot.resolve(NAME);
    }

    /// Empty, with a warning in the log, when it cannot be: nothing of Kelp's own needs it.
    ///
    /// @param child a process in the namespaces
    /// @param netns where the network namespace is pinned; empty: it is the child's
    static Optional<LauncherState> open(Path folder, long child, Optional<Path> netns) {
        Fd lock = null;
        try {
            Files.createDirectories(folder);
            lock = Inodes.open(Fd.CWD, folder.resolve("lock").toString(), Inodes.O_RDWR | Inodes.O_CREAT, 0600);
            if (!FileLocks.tryExclusive(lock)) {
                throw new IOException("a launcher runs with it");
            }
            Path name = folder.resolve("netns");
            if (netns.isPresent()) {
                pin(netns.get(), name);
            } else if (Files.exists(name)) {
                unpin(name);
                Files.delete(name);
            }
            Path fresh = folder.resolve("child_pid.new");
            Files.writeString(fresh, Long.toString(child));
            Files.move(fresh, folder.resolve("child_pid"), StandardCopyOption.ATOMIC_MOVE);
            return Optional.of(new LauncherState(lock));
        } catch (IOException e) {
            LOG.log(Level.WARNING, "state directory {0}: {1}", folder, e.getMessage());
            if (lock != null) {
                lock.close();
            }
            return Optional.empty();
        }
    }

    private static void pin(Path netns, Path name) throws IOException {
        if (!Files.exists(name)) {
            Files.createFile(name);
        }
        if (!Files.isSameFile(netns, name)) {
            unpin(name);
            Mounts.mount(netns.toString(), name.toString(), "", Mounts.MS_BIND, "");
        }
    }

    /// That of an earlier holder's namespaces, when there is one.
    private static void unpin(Path name) {
        try {
            Mounts.unmount(name.toString(), Mounts.MNT_DETACH);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "nothing is mounted at " + name, e);
        }
    }

    @Override
    public void close() {
        lock.close();
    }
}
