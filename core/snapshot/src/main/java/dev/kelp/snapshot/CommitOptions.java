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
public record CommitOptions(@Nullable String parent, Map<String, String> labels, boolean durable) {
    public static final CommitOptions DEFAULT = new CommitOptions(null, Map.of(), false);

    public CommitOptions {
        labels = Map.copyOf(labels);
    }

    public static CommitOptions onto(@Nullable String parent) {
        return new CommitOptions(parent, Map.of(), false);
    }

    public CommitOptions withLabels(Map<String, String> newLabels) {
        return new CommitOptions(parent, newLabels, durable);
    }

    public CommitOptions withDurable(boolean newDurable) {
        return new CommitOptions(parent, labels, newDurable);
    }
}
