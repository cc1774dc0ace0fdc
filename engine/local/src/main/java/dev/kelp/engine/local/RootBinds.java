// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.UserEnvironment;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Mounts;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.rootless.Instance;
import dev.kelp.snapshot.MountTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// Binds of real root. The engine's ids are a subordinate range, to which root's own files are closed and would
/// belong to nobody. So root's client makes a copy of the mount whose ids are mapped to that range, and it is attached
/// below the run root, where it stays until the container is removed or the machine is restarted.
///
/// @param instance whose run root holds the mounts, in `binds/ID/N`
record RootBinds(Instance instance) {
    /// Replaces the sources of binds by mounts of this engine's own.
    List<MountSpec> attach(String id, List<MountSpec> mounts, UserEnvironment user) {
        try {
            return attachAll(id, mounts, user);
        } catch (RuntimeException e) {
            try {
                detach(id);
            } catch (KelpException left) {
                e.addSuppressed(left);
            }
            throw e;
        }
    }

    private List<MountSpec> attachAll(String id, List<MountSpec> mounts, UserEnvironment user) {
        List<MountSpec> attached = new ArrayList<>();
        try (Fd namespace = Inodes.open("/proc/self/ns/user", Inodes.O_RDONLY)) {
            for (MountSpec m : mounts) {
                attached.add(m.type().equals("bind") && m.source() != null ? attach(id, m, user, namespace) : m);
            }
            return attached;
        } catch (ErrnoException e) {
            throw e.toKelp("cannot open the user namespace");
        }
    }

    private MountSpec attach(String id, MountSpec m, UserEnvironment user, Fd namespace) {
        String source = String.valueOf(m.source());
        boolean recursive = m.options().stream().noneMatch(o -> o.equals("bind"));
        try (Fd mount = user.cloneMount(source, recursive, namespace)) {
            Stat stat = Inodes.stat(mount);
            Path place = place(id, stat);
            try (Fd at = Inodes.open(place.toString(), Inodes.O_PATH)) {
                Mounts.attach(mount, at, "");
            }
            // what lies there once the mount is gone, an empty folder, is told from it by these
            return new MountSpec(m.type(), place.toString(), m.target(), m.options(), stat.device(), stat.inode());
        } catch (ErrnoException e) {
            throw e.toKelp("cannot bind `" + source + "` to `" + m.target() + "`");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot bind `" + source + "`: " + e.getMessage(), e);
        }
    }

    private Path place(String id, Stat source) throws IOException {
        Path folder = Files.createDirectories(folder(id));
        try (Stream<Path> there = Files.list(folder)) {
            Path place = folder.resolve(Long.toString(there.count()));
            return source.isDirectory() ? Files.createDirectory(place) : Files.createFile(place);
        }
    }

    private Path folder(String id) {
        return instance.runRoot().resolve("binds").resolve(id);
    }

    /// Takes away the mounts of all but these containers: a daemon may have died before it could record one.
    void sweep(Set<String> ids) {
        Path all = instance.runRoot().resolve("binds");
        if (!Files.isDirectory(all)) {
            return;
        }
        try (Stream<Path> there = Files.list(all)) {
            there.map(p -> String.valueOf(p.getFileName()))
                    .filter(id -> !ids.contains(id))
                    .toList()
                    .forEach(this::detach);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot list the binds " + all + ": " + e.getMessage(), e);
        }
    }

    /// Takes the mounts of a container away; fine when there are none.
    void detach(String id) {
        Path folder = folder(id);
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> there = Files.list(folder)) {
            for (Path place : there.toList()) {
                MountTarget.unmount(place);
                Files.delete(place);
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot remove the binds " + folder + ": " + e.getMessage(), e);
        }
    }
}
