// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.volume.LocalVolumes;
import dev.kelp.engine.local.volume.VolumeRecords.Use;
import dev.kelp.engine.local.volume.VolumeRecords.VolumeKey;
import dev.kelp.engine.local.volume.VolumeStore;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.IdMaps;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.NewVolume;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.runtime.spec.RootFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The volumes of containers: which ones a new container gets, what is mounted for them, and what goes with it.
final class ContainerVolumes {
    private static final NewVolume ANONYMOUS = new NewVolume("local", Map.of(), Map.of(), true);

    private final VolumeStore store;
    private final ContainerRecords records;

    ContainerVolumes(VolumeStore store, ContainerRecords records) {
        this.store = store;
        this.records = records;
    }

    /// The mounts of a new container with a name for every volume, and the volumes it uses, which exist now.
    record Settled(List<MountSpec> mounts, List<Use> uses) {}

    /// Settles a new container's mounts: its own first, then those of other containers, then the image's volumes;
    /// of
    /// several on one target the first counts.
    Settled settle(String namespace, ContainerSpec spec, ImageConfig.Execution image) {
        Map<String, MountSpec> byTarget = new LinkedHashMap<>();
        spec.mounts().forEach(m -> byTarget.putIfAbsent(normal(m.target()), m));
        spec.volumesFrom().forEach(f -> from(namespace, f).forEach(m -> byTarget.putIfAbsent(normal(m.target()), m)));
        Set<String> declared =
                image.volumes() == null ? Set.of() : image.volumes().keySet();
        for (String target : declared) {
            if (target.startsWith("/") && Path.of(normal(target)).getNameCount() > 0) {
                byTarget.putIfAbsent(
                        normal(target), new MountSpec("volume", null, target, List.of(), null, null, ANONYMOUS, null));
            }
        }
        List<MountSpec> mounts = new ArrayList<>();
        List<Use> uses = new ArrayList<>();
        try {
            for (MountSpec m : byTarget.values()) {
                MountSpec settled = m.type().equals("volume") ? made(namespace, m) : m;
                mounts.add(settled);
                if (settled.type().equals("volume")) {
                    uses.add(new Use(String.valueOf(settled.source()), isAnonymous(settled)));
                }
            }
        } catch (RuntimeException e) {
            abandon(namespace, new Settled(mounts, uses), e);
            throw e;
        }
        return new Settled(mounts, uses);
    }

    private static String normal(String target) {
        return Path.of(target).normalize().toString();
    }

    private MountSpec made(String namespace, MountSpec m) {
        NewVolume how = m.volume() == null ? new NewVolume("local", Map.of(), Map.of(), false) : m.volume();
        if (m.source() != null) {
            // volumes of other containers are there, others may be
            store.make(namespace, m.source(), how);
            return withVolume(m, m.source(), how);
        }
        String name = LocalVolumes.newName();
        NewVolume anonymous = new NewVolume(how.driver(), how.options(), how.labels(), true);
        store.make(namespace, name, anonymous);
        return withVolume(m, name, anonymous);
    }

    private static MountSpec withVolume(MountSpec m, String name, NewVolume how) {
        return new MountSpec(m.type(), name, m.target(), m.options(), null, null, how, m.subpath());
    }

    /// Whether the volume was made for a container and nobody named it.
    static boolean isAnonymous(MountSpec m) {
        NewVolume how = m.volume();
        return how != null && how.anonymous();
    }

    private List<MountSpec> from(String namespace, String flag) {
        int colon = flag.indexOf(':');
        String mode = colon < 0 ? "" : flag.substring(colon + 1);
        ContainerRecord c = records.find(namespace, colon < 0 ? flag : flag.substring(0, colon));
        List<MountSpec> all = new ArrayList<>();
        for (MountSpec m : c.definition().spec().mounts()) {
            if (!m.type().equals("bind") && !m.type().equals("volume")) {
                continue;
            }
            List<String> options = new ArrayList<>(m.options());
            for (String word : mode.split(",")) {
                if (word.equals("ro")) {
                    options.removeAll(List.of("rw", "ro"));
                }
                if (!word.isEmpty() && !word.equals("rw")) {
                    options.add(word);
                }
            }
            all.add(new MountSpec(
                    m.type(), m.source(), m.target(), options, m.device(), m.inode(), m.volume(), m.subpath()));
        }
        return all;
    }

    /// Takes back the volumes that [#settle] made up for a container that does not come to be.
    void abandon(String namespace, Settled settled, RuntimeException cause) {
        for (Use use : settled.uses()) {
            if (use.owned()) {
                try {
                    store.records()
                            .deleteUnused(new VolumeKey(namespace, use.volume()))
                            .ifPresent(store::destroyed);
                } catch (RuntimeException e) {
                    cause.addSuppressed(e);
                }
            }
        }
    }

    /// Adds the record of a container together with its uses of volumes.
    void insert(ContainerRecord c, Settled settled) {
        store.records().insertWith(() -> records.insert(c), c.namespace(), c.id(), settled.uses());
    }

    private static boolean has(ContainerRecord c) {
        return c.definition().spec().mounts().stream().anyMatch(m -> m.type().equals("volume"));
    }

    /// Whether the volumes nobody named are to go with this container.
    void setDoomed(ContainerRecord c, boolean doomed) {
        if (has(c)) {
            store.records().doom(c.id(), doomed);
        }
    }

    /// Deletes the record of a container, and the volumes that go with it.
    void delete(ContainerRecord c) {
        if (!has(c)) {
            records.delete(c);
            return;
        }
        store.records().deleteWith(() -> records.delete(c), c.id()).forEach(store::destroyed);
    }

    /// Mounts, with the volumes' directories as sources: absolute ones of this engine, or binds of the user's
    /// paths.
    List<MountSpec> resolve(String namespace, List<MountSpec> mounts) {
        if (mounts.stream().noneMatch(m -> m.type().equals("volume"))) {
            return mounts;
        }
        return mounts.stream()
                .map(m -> m.type().equals("volume") ? resolve(namespace, m) : m)
                .toList();
    }

    private MountSpec resolve(String namespace, MountSpec m) {
        VolumeStore.Source source = store.source(namespace, String.valueOf(m.source()));
        List<String> options = new ArrayList<>(source.options());
        options.addAll(m.options());
        return new MountSpec(
                source.users() ? "bind" : "volume",
                source.path().toString(),
                m.target(),
                options,
                null,
                null,
                m.volume(),
                m.subpath());
    }

    /// Mounts what volumes' options say, before the container starts.
    void use(ContainerRecord c) {
        forEach(c, name -> store.use(c.namespace(), name, c.id()));
    }

    /// The container does not run any more.
    void release(ContainerRecord c) {
        forEach(c, name -> store.release(c.namespace(), name, c.id()));
    }

    private interface Work {
        void on(String volume);
    }

    private static void forEach(ContainerRecord c, Work work) {
        for (MountSpec m : c.definition().spec().mounts()) {
            if (m.type().equals("volume")) {
                work.on(String.valueOf(m.source()));
            }
        }
    }

    /// The mounts whose volumes are to get what the image has in their place.
    List<MountSpec> toFill(ContainerRecord c) {
        return c.definition().spec().mounts().stream()
                .filter(m -> m.type().equals("volume")
                        && m.subpath() == null
                        && !m.options().contains("nocopy")
                        && store.isEmpty(c.namespace(), String.valueOf(m.source())))
                .toList();
    }

    /// Copies the image's files into them.
    void fill(ContainerRecord c, Path rootfs, List<MountSpec> mounts) {
        IdMaps ids = c.definition().ids();
        boolean durable = !c.definition().spec().lifecycle().autoRemove();
        try (RootFiles root = new RootFiles(rootfs.toString())) {
            for (MountSpec m : mounts) {
                Optional<Fd> image = root.openDirectory(m.target());
                if (image.isPresent()) {
                    try (Fd directory = image.get()) {
                        store.fill(c.namespace(), String.valueOf(m.source()), directory, durable);
                    }
                } else if (ids != null) {
                    store.give(c.namespace(), String.valueOf(m.source()), (int) ids.uid(0), (int) ids.gid(0));
                }
            }
        }
    }

    /// Opens the part of a volume that is mounted; `..` and links in it end inside.
    static Fd openPart(Fd volume, @Nullable String subpath) throws dev.kelp.linux.ErrnoException {
        if (subpath == null) {
            return volume.duplicate();
        }
        return Inodes.openResolved(
                volume, subpath, Inodes.O_PATH, 0, Inodes.RESOLVE_IN_ROOT | Inodes.RESOLVE_NO_MAGICLINKS);
    }
}
