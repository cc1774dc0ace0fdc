// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.secret.SecretStore;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.IdMaps;
import dev.kelp.model.KelpException;
import dev.kelp.model.Mount;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.SecretUse;
import dev.kelp.snapshot.MountTarget;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The secrets of containers. Their contents are copied when a container is made (`secrets/N` in its folder, 0600) and
/// go
/// with it. For each start the files are made anew in a tmpfs, from where they are bound read-only; the tmpfs then
/// lives
/// by these mounts alone. Records, logs and images never have them.
///
/// @param mounts the folder of mount points
record ContainerSecrets(SecretStore store, Path mounts) {
    private static final List<String> OPTIONS = List.of("bind", "ro", "nosuid", "nodev", "noexec", "rprivate");

    /// A file of a tmpfs takes whole pages, and some for itself.
    private static final long FILE_BYTES = 64 << 10;

    private static final int CREATE = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_EXCL | Inodes.O_NOFOLLOW;

    private static List<SecretUse> of(ContainerRecord c) {
        return c.definition().spec().security().secrets();
    }

    private static Path copies(Path folder) {
        return folder.resolve("secrets");
    }

    private static byte[] data(Path folder, int index) {
        return SecretStore.read(copies(folder).resolve(Integer.toString(index)));
    }

    /// Copies what a new container was promised.
    void keep(ContainerRecord c, Path folder) throws IOException {
        List<SecretUse> all = of(c);
        if (all.isEmpty()) {
            return;
        }
        try (Fd copies = SecretStore.privateFolder(copies(folder))) {
            for (int i = 0; i < all.size(); i++) {
                SecretStore.write(
                        copies,
                        Integer.toString(i),
                        store.data(c.namespace(), all.get(i).name()));
            }
        }
    }

    /// The specification with the variables among the secrets, which those asked for otherwise hide.
    static ContainerSpec environment(ContainerRecord c, ContainerSpec spec, Path folder) {
        List<String> env = new ArrayList<>();
        List<SecretUse> all = of(c);
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).variable()) {
                env.add(all.get(i).target() + "=" + new String(data(folder, i), StandardCharsets.UTF_8));
            }
        }
        if (env.isEmpty()) {
            return spec;
        }
        env.addAll(spec.process().env());
        return spec.withProcess(p -> p.withEnv(env));
    }

    /// The mounts and those of the secrets, whose files are made now.
    List<MountSpec> with(ContainerRecord c, Path folder, List<MountSpec> asked) throws IOException {
        List<SecretUse> all = of(c);
        if (all.stream().allMatch(SecretUse::variable)) {
            return asked;
        }
        List<MountSpec> mounts = new ArrayList<>(asked);
        Path place = place(c);
        unmount(c);
        Files.createDirectories(place);
        long bytes = 0;
        for (int i = 0; i < all.size(); i++) {
            bytes += all.get(i).variable() ? 0 : data(folder, i).length + FILE_BYTES;
        }
        List<String> options = List.of("nosuid", "nodev", "noexec", "mode=700", "size=" + (bytes + FILE_BYTES));
        MountTarget.mount(List.of(new Mount("tmpfs", "secrets", options)), place);
        try (Fd directory = Inodes.open(place.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            for (int i = 0; i < all.size(); i++) {
                if (!all.get(i).variable()) {
                    String name = Integer.toString(i);
                    file(c, directory, name, all.get(i), data(folder, i));
                    mounts.add(new MountSpec(
                            "bind", place.resolve(name).toString(), all.get(i).target(), OPTIONS, null, null));
                }
            }
        }
        return mounts;
    }

    private static void file(ContainerRecord c, Fd directory, String name, SecretUse use, byte[] data)
            throws IOException {
        IdMaps ids = c.definition().ids();
        long uid = ids == null ? use.uid() : ids.uid(use.uid());
        long gid = ids == null ? use.gid() : ids.gid(use.gid());
        if (uid < 0 || gid < 0) {
            throw KelpException.invalid("the secret " + use.name() + " is for " + use.uid() + ":" + use.gid()
                    + ", which the container's user namespace does not map");
        }
        try (Fd fd = Inodes.open(directory, name, CREATE, 0600)) {
            try (OutputStream out = Pipes.output(fd.duplicate())) {
                out.write(data);
            }
            Inodes.chown(fd, (int) uid, (int) gid);
            Inodes.chmod(fd, use.mode());
        }
    }

    private Path place(ContainerRecord c) {
        return mounts.resolve(c.id() + "-secrets");
    }

    /// The container has mounts of its own of them, or does not run any more.
    void unmount(ContainerRecord c) {
        if (of(c).isEmpty()) {
            return;
        }
        Path place = place(c);
        MountTarget.unmount(place);
        try {
            Files.deleteIfExists(place);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot remove " + place + ": " + e.getMessage(), e);
        }
    }
}
