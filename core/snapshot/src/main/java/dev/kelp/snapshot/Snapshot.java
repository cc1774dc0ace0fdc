// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/// What is known of one snapshot. Committed snapshots never change and may be parents; active ones are written to;
/// views are read-only and, like active ones, nobody's parent. All three share one space of names.
public sealed interface Snapshot {
    /// The key of an active snapshot or view, the name of a committed one.
    String name();

    /// Names the directory; never used again, not even after removal.
    long id();

    /// The committed snapshot this one is a change to; empty for one that starts from nothing.
    Optional<String> parent();

    Instant created();

    Map<String, String> labels();

    /// Writable, made by [Snapshotter#prepare].
    record Active(String name, long id, Optional<String> parent, Instant created, Map<String, String> labels)
            implements Snapshot {
        public Active {
            labels = Map.copyOf(labels);
        }
    }

    /// Read-only, made by [Snapshotter#view].
    record View(String name, long id, Optional<String> parent, Instant created, Map<String, String> labels)
            implements Snapshot {
        public View {
            labels = Map.copyOf(labels);
        }
    }

    /// Immutable, made by [Snapshotter#commit]; `usage` was measured then.
    record Committed(
            String name, long id, Optional<String> parent, Instant created, Map<String, String> labels, Usage usage)
            implements Snapshot {
        public Committed {
            labels = Map.copyOf(labels);
        }
    }
}
