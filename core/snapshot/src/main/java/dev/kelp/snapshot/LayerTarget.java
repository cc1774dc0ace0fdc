// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import java.nio.file.Path;
import java.util.List;

/// Where the change that an active snapshot holds is to be written directly, without mounting it.
///
/// @param directory the directory that takes the layer's files
/// @param deletions how this snapshotter notes that a name of a parent is gone
/// @param parents directories of the parents' changes, nearest first; empty where `directory` holds the parents'
///     files
/// too
public record LayerTarget(Path directory, Deletions deletions, List<Path> parents) {
    public LayerTarget {
        parents = List.copyOf(parents);
    }

    /// How a deletion is stored.
    public enum Deletions {
        /// As overlayfs does with `userxattr`: a character device 0:0, and `user.overlay.opaque` on
        /// directories.
        OVERLAY,
        /// By deleting the parent's copy.
        REMOVE
    }
}
