// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Volumes.Volume;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// `Mounts` of a container.
final class DockerMounts {
    private DockerMounts() {}

    /// @param volumes a volume by name, when it is (still) there
    static List<Object> describe(List<MountSpec> mounts, Function<String, Optional<Volume>> volumes) {
        List<Object> list = new ArrayList<>();
        for (MountSpec m : mounts) {
            Struct s = new Struct().with("Type", m.type());
            if (m.type().equals("volume")) {
                String name = orEmpty(m.source());
                Optional<Volume> volume = volumes.apply(name);
                s.with("Name", name)
                        .with("Source", volume.map(Volume::mountpoint).orElse(""))
                        .with("Destination", m.target())
                        .with("Driver", volume.map(Volume::driver).orElse("local"));
            } else {
                s.with("Source", orEmpty(m.source())).with("Destination", m.target());
            }
            list.add(s.with("Mode", String.join(",", m.options()))
                    .with("RW", isWritable(m))
                    .with("Propagation", propagation(m))
                    .map());
        }
        return list;
    }

    private static boolean isWritable(MountSpec m) {
        return !m.options().contains("ro") && !m.options().contains("rro");
    }

    private static String propagation(MountSpec m) {
        return m.options().stream()
                .filter(o -> o.matches("r?(shared|slave|private)"))
                .findFirst()
                .orElse(m.type().equals("bind") ? "rprivate" : "");
    }

    private static String orEmpty(@Nullable String s) {
        return s == null ? "" : s;
    }
}
