// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.format.DockerHealthcheck;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Images.ImageDetail;
import dev.kelp.model.Digest;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.ImageConfig.Execution;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// An image as `docker image inspect` describes it.
public final class DockerImage {
    private DockerImage() {}

    public static Map<String, @Nullable Object> describe(ImageDetail d) {
        ImageConfig c = d.config();
        return new Struct()
                .with("Id", d.platform().configDigest().toString())
                .with(
                        "RepoTags",
                        d.references().stream()
                                .filter(r -> r.tag().isPresent())
                                .map(Reference::familiar)
                                .toList())
                .with("RepoDigests", d.repoDigests())
                .with("Parent", "")
                .with("Comment", orEmpty(c.comment()))
                .with("Created", orEmpty(c.created()))
                .with("DockerVersion", "")
                .with("Author", orEmpty(c.author()))
                .with("Config", config(c.execution()))
                .with("Architecture", c.architecture())
                .with("Variant", orEmpty(c.variant()))
                .with("Os", c.os())
                .with("Size", d.platform().sizeBytes())
                .with(
                        "RootFS",
                        new Struct()
                                .with("Type", c.rootfs().type())
                                .with(
                                        "Layers",
                                        c.rootfs().diffIds().stream()
                                                .map(Digest::toString)
                                                .toList())
                                .map())
                .with(
                        "Metadata",
                        new Struct()
                                .with("LastTagTime", d.image().created().toString())
                                .map())
                .map();
    }

    private static Map<String, @Nullable Object> config(Execution e) {
        Struct s = new Struct()
                .with("User", orEmpty(e.user()))
                .with("ExposedPorts", sorted(e.exposedPorts()))
                .with("Env", orEmpty(e.env()))
                .with("Cmd", e.cmd())
                .with("Volumes", sorted(e.volumes()))
                .with("WorkingDir", orEmpty(e.workingDir()))
                .with("Entrypoint", e.entrypoint())
                .with("OnBuild", e.onBuild())
                .with("Labels", sorted(e.labels()))
                .with("StopSignal", orEmpty(e.stopSignal()))
                .with("Shell", e.shell());
        if (e.healthcheck() != null) {
            s.with("Healthcheck", DockerHealthcheck.describe(e.healthcheck()));
        }
        return s.map();
    }

    private static @Nullable Map<String, ?> sorted(@Nullable Map<String, ?> map) {
        return map == null ? null : new TreeMap<>(map);
    }

    private static String orEmpty(@Nullable String s) {
        return s == null ? "" : s;
    }

    private static List<String> orEmpty(@Nullable List<String> list) {
        return list == null ? List.of() : list;
    }
}
