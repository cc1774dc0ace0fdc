// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.snapshot.MountTarget;
import dev.kelp.snapshot.Snapshotter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Images mounted into containers (`--mount type=image`): read-only views of their snapshots, one for each mount, that
/// live as long as the container and are mounted while it runs.
///
/// @param snapshotters by name
/// @param mounts the folder of mount points
record ImageMounts(Function<String, Snapshotter> snapshotters, Path mounts) {
    private static String key(ContainerRecord c, int index) {
        return c.id() + "-image-" + index;
    }

    private Snapshotter snapshotter(ContainerRecord c) {
        String name = c.definition().snapshotter();
        return snapshotters.apply(name == null ? "" : name);
    }

    /// Makes the views of a new container.
    ///
    /// @param parents by place in the list of mounts, the snapshot of the image's topmost layer
    void make(ContainerRecord c, Map<Integer, String> parents) {
        parents.forEach((index, parent) -> snapshotter(c).view(key(c, index), parent, Map.of()));
    }

    private static boolean isImage(MountSpec m) {
        return m.type().equals("image");
    }

    /// Mounts the views and puts their places into `resolved`, which are the container's mounts in order.
    List<MountSpec> mount(ContainerRecord c, List<MountSpec> resolved) {
        if (resolved.stream().noneMatch(ImageMounts::isImage)) {
            return resolved;
        }
        List<MountSpec> all = new ArrayList<>();
        for (int i = 0; i < resolved.size(); i++) {
            MountSpec m = resolved.get(i);
            if (!isImage(m)) {
                all.add(m);
                continue;
            }
            Path place = mounts.resolve(key(c, i));
            try {
                Files.createDirectories(place);
            } catch (IOException e) {
                throw new KelpException(ErrorKind.INTERNAL, "cannot make " + place + ": " + e.getMessage(), e);
            }
            MountTarget.mount(snapshotter(c).mounts(key(c, i)), place);
            List<String> options = new ArrayList<>(m.options());
            options.remove("rw");
            options.add("ro");
            // a directory of the engine's own, as a volume's is
            all.add(new MountSpec("volume", place.toString(), m.target(), options, null, null, null, m.subpath()));
        }
        return all;
    }

    /// The container does not run any more.
    void unmount(ContainerRecord c) {
        forEach(c, i -> {
            Path place = mounts.resolve(key(c, i));
            MountTarget.unmount(place);
            try {
                Files.deleteIfExists(place);
            } catch (IOException e) {
                throw new KelpException(ErrorKind.INTERNAL, "cannot remove " + place + ": " + e.getMessage(), e);
            }
        });
    }

    /// Removes the views.
    void delete(ContainerRecord c) {
        forEach(c, i -> {
            try {
                snapshotter(c).remove(key(c, i));
            } catch (KelpException e) {
                if (e.kind() != ErrorKind.NOT_FOUND) {
                    throw e;
                }
            }
        });
    }

    private interface Work {
        void on(int index);
    }

    private static void forEach(ContainerRecord c, Work work) {
        List<MountSpec> all = c.definition().spec().mounts();
        for (int i = 0; i < all.size(); i++) {
            if (isImage(all.get(i))) {
                work.on(i);
            }
        }
    }
}
