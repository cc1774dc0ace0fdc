// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How to commit.
///
/// @param parent the parent the committed snapshot shall have instead of none, see [Snapshotter#canRebase]; null
///     keeps
/// it
/// @param labels the labels of the committed snapshot
/// @param durable whether the files shall have reached the disk (syncfs(2)) before the record says so: slower, but
///     then even a power cut cannot leave a committed snapshot with empty files
/// @param usage what the snapshot holds; null has it measured, which means a walk through all of it
public record CommitOptions(
        @Nullable String parent,
        Map<String, String> labels,
        boolean durable,
        @Nullable Usage usage) {
    public static final CommitOptions DEFAULT = new CommitOptions(null, Map.of(), false, null);

    public CommitOptions {
        labels = Map.copyOf(labels);
    }

    public static CommitOptions onto(@Nullable String parent) {
        return new CommitOptions(parent, Map.of(), false, null);
    }

    public CommitOptions withLabels(Map<String, String> newLabels) {
        return new CommitOptions(parent, newLabels, durable, usage);
    }

    public CommitOptions withDurable(boolean newDurable) {
        return new CommitOptions(parent, labels, newDurable, usage);
    }

    public CommitOptions withUsage(@Nullable Usage newUsage) {
        return new CommitOptions(parent, labels, durable, newUsage);
    }
}
