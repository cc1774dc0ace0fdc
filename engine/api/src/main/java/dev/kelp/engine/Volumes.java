// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import dev.kelp.model.container.NewVolume;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The volumes of one namespace: directories that outlive containers.
public interface Volumes {
    /// Makes a volume; one of that name that is there already is given back as it is when it has the same driver
    /// and
    /// options.
    ///
    /// @param name `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, at most 255 characters; null: one is made up
    Volume create(@Nullable String name, NewVolume how);

    /// All volumes, by name.
    List<Volume> list();

    /// NOT_FOUND when there is none of that name.
    Volume inspect(String name);

    Optional<Volume> find(String name);

    /// Removes a volume and what is in it; FAILED_PRECONDITION when a container has it, running or not.
    void remove(String name);

    /// Removes those no container has for which `which` holds.
    Pruned prune(Predicate<Volume> which);

    /// What the files in a volume occupy, in bytes, counted now.
    long sizeBytes(String name);

    /// Writes what is in a volume as a tar archive.
    void export(String name, OutputStream out);

    /// Unpacks a tar archive (gzip and zstd compressed too) into a volume, over what is there.
    void load(String name, InputStream in);

    /// @param mountpoint where its files are
    /// @param anonymous nobody named it, or it came from an image's VOLUME
    /// @param containers ids of the containers that have it
    record Volume(
            String name,
            String driver,
            Instant created,
            Map<String, String> labels,
            Map<String, String> options,
            String mountpoint,
            boolean anonymous,
            List<String> containers) {}

    /// @param bytes what the removed ones occupied
    record Pruned(List<String> names, long bytes) {}
}
