// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.UserEnvironment;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Mounts;
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

/// The sources of binds, as mounts of the engine's own at `RUN/binds/ID/N`, N being the place in the container's list
/// of mounts. The OCI runtime binds from there: what a path stands for is looked up once, and whoever may write a
/// folder on the way to it cannot put something else there between that and the mount.
///
/// For an ordinary user they are made before each start and taken away once the container has its own. Host root's are
/// copies that her client makes of the mounts, with ids mapped to the engine's range, to which root's own files are
/// closed and would belong to nobody. They are made whenever she is there to make them, at `create`, `start` and
/// `restart`, and stay until the container is removed or the machine is restarted.
record Binds(Instance instance) {
    /// Whether the user's client has to make them.
    boolean areHandedOver() {
        return instance.hostUid() == 0;
    }

    /// Has host root's client make the mounts of a container, in place of those that are there.
    void handOver(String id, List<MountSpec> mounts, UserEnvironment user) {
        try (Fd namespace = Inodes.open("/proc/self/ns/user", Inodes.O_RDONLY)) {
            for (int i = 0; i < mounts.size(); i++) {
                MountSpec m = mounts.get(i);
                if (isBind(m)) {
                    try (Fd mount = user.cloneMount(String.valueOf(m.source()), isRecursive(m), namespace)) {
                        attach(mount, id, i, m);
                    }
                }
            }
        } catch (ErrnoException e) {
            throw e.toKelp("cannot open the user namespace");
        }
    }

    /// The mounts with the engine's own as sources, which this makes unless a client has.
    List<MountSpec> own(String id, List<MountSpec> mounts) {
        List<MountSpec> own = new ArrayList<>();
        for (int i = 0; i < mounts.size(); i++) {
            MountSpec m = mounts.get(i);
            if (m.type().equals("volume") && m.subpath() == null) {
                own.add(new MountSpec("bind", m.source(), m.target(), m.options(), null, null));
                continue;
            }
            if (!isBind(m) && !m.type().equals("volume")) {
                own.add(m);
                continue;
            }
            if (areHandedOver() && isBind(m)) {
                checkThere(id, i, m);
            } else {
                open(id, i, m);
            }
            own.add(new MountSpec("bind", place(id, i).toString(), m.target(), m.options(), null, null));
        }
        return own;
    }

    private static boolean isBind(MountSpec m) {
        return m.type().equals("bind") && m.source() != null;
    }

    static boolean isRecursive(MountSpec m) {
        return m.options().stream().noneMatch(o -> o.equals("bind") || o.equals("bind-nonrecursive"));
    }

    private void open(String id, int index, MountSpec m) {
        try (Fd source = Inodes.open(String.valueOf(m.source()), Inodes.O_PATH);
                Fd part = ContainerVolumes.openPart(source, m.subpath());
                Fd mount = Mounts.cloneTree(part, "", isRecursive(m))) {
            attach(mount, id, index, m);
        } catch (ErrnoException e) {
            throw cannot(m, e);
        }
    }

    private void checkThere(String id, int index, MountSpec m) {
        if (!isMounted(id, index)) {
            throw new KelpException(
                            ErrorKind.FAILED_PRECONDITION,
                            "what was bound to `" + m.target()
                                    + "` went with the engine that had it from root's client")
                    .withHint("start the container by `kelp start`, which binds it anew");
        }
    }

    private boolean isMounted(String id, int index) {
        try {
            long outside = Inodes.lstat(folder(id).toString()).mountId();
            return Inodes.lstat(place(id, index).toString()).mountId() != outside;
        } catch (ErrnoException e) {
            return false;
        }
    }

    private void attach(Fd mount, String id, int index, MountSpec m) {
        Path place = place(id, index);
        try {
            Files.createDirectories(folder(id));
            clear(place);
            if (Inodes.stat(mount).isDirectory()) {
                Files.createDirectory(place);
            } else {
                Files.createFile(place);
            }
            try (Fd at = Inodes.open(place.toString(), Inodes.O_PATH)) {
                Mounts.attach(mount, at, "");
            }
        } catch (IOException e) {
            throw cannot(m, e);
        }
    }

    private static KelpException cannot(MountSpec m, IOException e) {
        String what = "cannot bind `" + m.source() + "` to `" + m.target() + "`";
        return e instanceof ErrnoException errno
                ? errno.toKelp(what)
                : new KelpException(ErrorKind.INTERNAL, what + ": " + e.getMessage(), e);
    }

    private static void clear(Path place) throws IOException {
        MountTarget.unmount(place);
        Files.deleteIfExists(place);
    }

    private Path all() {
        return instance.runRoot().resolve("binds");
    }

    private Path folder(String id) {
        return all().resolve(id);
    }

    private Path place(String id, int index) {
        return folder(id).resolve(Integer.toString(index));
    }

    /// The container has its own mounts, or will not have any: takes away what can be made again.
    void release(String id) {
        if (!areHandedOver()) {
            detach(id);
        }
    }

    /// Takes away what a daemon that was killed left: mounts of containers that are not, and what [#release] would
    /// have.
    ///
    /// @param ids the containers that are there
    void sweep(Set<String> ids) {
        if (!Files.isDirectory(all())) {
            return;
        }
        try (Stream<Path> there = Files.list(all())) {
            there.map(p -> String.valueOf(p.getFileName()))
                    .filter(id -> !areHandedOver() || !ids.contains(id))
                    .toList()
                    .forEach(this::detach);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot list the binds " + all() + ": " + e.getMessage(), e);
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
                clear(place);
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot remove the binds " + folder + ": " + e.getMessage(), e);
        }
    }
}
