// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.engine.Volumes;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.NewVolume;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Volumes in memory. The size of one is the length of its label `content`.
public final class FakeVolumes implements Volumes {
    private final Map<String, Volume> volumes = new TreeMap<>();

    /// None.
    public FakeVolumes() {}

    @Override
    public Volume create(String name, NewVolume how) {
        String made = name == null ? "f".repeat(64) : name;
        return volumes.computeIfAbsent(
                made,
                n -> new Volume(
                        n,
                        how.driver(),
                        Instant.EPOCH,
                        how.labels(),
                        how.options(),
                        "/volumes/" + n,
                        name == null,
                        List.of()));
    }

    /// Lets a container have a volume.
    public void use(String name, String container) {
        Volume v = inspect(name);
        volumes.put(
                name,
                new Volume(
                        name,
                        v.driver(),
                        v.created(),
                        v.labels(),
                        v.options(),
                        v.mountpoint(),
                        v.anonymous(),
                        List.of(container)));
    }

    @Override
    public List<Volume> list() {
        return List.copyOf(volumes.values());
    }

    @Override
    public Volume inspect(String name) {
        return find(name).orElseThrow(() -> KelpException.notFound("volume " + name + " not found: no such volume"));
    }

    @Override
    public Optional<Volume> find(String name) {
        return Optional.ofNullable(volumes.get(name));
    }

    @Override
    public void remove(String name) {
        inspect(name);
        volumes.remove(name);
    }

    @Override
    public Pruned prune(Predicate<Volume> which) {
        List<String> names = new ArrayList<>();
        for (Volume v : list()) {
            if (v.containers().isEmpty() && which.test(v)) {
                names.add(v.name());
                volumes.remove(v.name());
            }
        }
        return new Pruned(names, 0);
    }

    @Override
    public long sizeBytes(String name) {
        return inspect(name).labels().getOrDefault("content", "").length();
    }

    @Override
    public void export(String name, OutputStream out) {
        try {
            out.write(name.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void load(String name, InputStream in) {
        inspect(name);
    }
}
