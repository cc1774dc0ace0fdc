// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import java.nio.file.Path;
import java.util.List;

/// Where an active snapshot's files are, and what they change.
///
/// @param directory the snapshot's own files
/// @param parents what lies below, nearest first: with [Form#OVERLAY] each parent's change, with [Form#WHOLE] at most
/// one
///     directory with all files of the parent
public record ChangedTree(Path directory, Form form, List<Path> parents) {
    public ChangedTree {
        parents = List.copyOf(parents);
    }

    /// How the directory shows the change.
    public enum Form {
        /// It holds what was changed only, with overlayfs' signs for what is gone.
        OVERLAY,
        /// It holds everything: the change is what differs from the parent.
        WHOLE
    }
}
