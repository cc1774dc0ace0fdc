// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Mount;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.snapshot.MountTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The `/dev/shm` of containers that share it (`--ipc shareable`): a tmpfs of the engine's, which they and those that
/// join them (`--ipc container:NAME`) bind. Joining the IPC namespace alone would share System V's memory but not
/// POSIX's.
///
/// @param mounts the folder of mount points
record SharedMemory(Path mounts) {
    static final String SHAREABLE = "shareable";
    private static final long BYTES_DEFAULT = 64L << 20;
    private static final String TARGET = "/dev/shm";

    private Path place(String id) {
        return mounts.resolve(id + "-shm");
    }

    private static boolean isShared(ContainerRecord c) {
        return SHAREABLE.equals(c.definition().spec().isolation().ipc());
    }

    /// The container's mounts and, before them so that one of its own counts, its shared memory.
    List<MountSpec> with(ContainerRecord c, List<MountSpec> asked) {
        ContainerSpec spec = c.definition().spec();
        String ipc = spec.isolation().ipc();
        Path source;
        if (isShared(c)) {
            source = place(c.id());
            mount(source, spec.resources().shmSizeBytes());
        } else if (ipc != null && ipc.startsWith(JoinedNamespaces.PREFIX)) {
            source = place(ipc.substring(JoinedNamespaces.PREFIX.length()));
            if (!Files.isDirectory(source)) {
                source = Path.of(TARGET);
            }
        } else {
            return asked;
        }
        List<MountSpec> all = new ArrayList<>();
        all.add(new MountSpec("bind", source.toString(), TARGET, List.of("nosuid", "nodev", "noexec"), null, null));
        all.addAll(asked);
        return all;
    }

    private static void mount(Path place, long bytes) {
        try {
            Files.createDirectories(place);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot make " + place + ": " + e.getMessage(), e);
        }
        String size = "size=" + (bytes > 0 ? bytes : BYTES_DEFAULT);
        MountTarget.mount(
                List.of(new Mount("tmpfs", "shm", List.of("nosuid", "nodev", "noexec", "mode=1777", size))), place);
    }

    /// The container does not run any more; who joined it keeps the memory.
    void unmount(ContainerRecord c) {
        if (!isShared(c)) {
            return;
        }
        Path place = place(c.id());
        MountTarget.unmount(place);
        try {
            Files.deleteIfExists(place);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot remove " + place + ": " + e.getMessage(), e);
        }
    }
}
