// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Mounts;
import dev.kelp.model.IdMapping;
import dev.kelp.model.IdMaps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Mount points that every id can reach. A container whose user namespace lacks the user's own id (`--userns=auto`,
/// `nomap`) has a root to whom the user's folders (0700) are closed, and the OCI runtime goes to the root file system
/// as
/// that root.
///
/// They lie in a tmpfs over a folder that every kernel has and nobody looks for files in; the mount is the engine's
/// namespace's own, so the machine keeps what it has there. It is unbindable: a container that binds /sys does not get
/// the root file systems of others.
final class OpenMountPoints {
    private static final long MS_UNBINDABLE = 1 << 17;
    private static final List<String> FOLDERS =
            List.of("/sys/kernel/debug", "/sys/kernel/tracing", "/sys/fs/pstore", "/sys/fs/bpf", "/mnt");

    private static final int DIRECTORY = Inodes.O_RDONLY | Inodes.O_DIRECTORY;
    private static final String NAME = "kelp-roots";

    private final Path folder = FOLDERS.stream()
            .map(Path::of)
            .filter(Files::isDirectory)
            .findFirst()
            .orElse(Path.of("/mnt"));

    /// Whether a container with these maps needs one of them.
    static boolean areFor(@Nullable IdMaps ids) {
        return ids != null && !(hasUser(ids.uids()) && hasUser(ids.gids()));
    }

    /// A folder's owner and group must both be mapped for a namespace's root to pass it (capabilities(7)).
    private static boolean hasUser(List<IdMapping> lines) {
        return lines.stream().mapToLong(IdMapping::outside).anyMatch(id -> id == 0);
    }

    Path of(String id) {
        return folder.resolve(NAME).resolve(id);
    }

    /// Makes the one of this container.
    synchronized void make(String id) throws IOException {
        Path all = folder.resolve(NAME);
        // a file system that the machine has there is closed to us
        if (!Files.isDirectory(all)) {
            Mounts.mount("tmpfs", folder.toString(), "tmpfs", Mounts.MS_NOSUID | Mounts.MS_NODEV, "mode=711,size=4m");
            Mounts.mount(null, folder.toString(), null, MS_UNBINDABLE, null);
            open(folder, NAME);
        }
        if (!Files.isDirectory(of(id))) {
            open(all, id);
        }
    }

    /// The umask is not to close it again.
    private static void open(Path parent, String name) throws ErrnoException {
        try (Fd dir = Inodes.open(parent.toString(), DIRECTORY)) {
            Inodes.mkdir(dir, name, 0711);
            Inodes.chmod(dir, name, 0711);
        }
    }
}
