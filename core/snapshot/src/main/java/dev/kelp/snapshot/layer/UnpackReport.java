// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.snapshot.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What was unpacked and what could not be kept.
///
/// @param entries headers read, whiteouts and skipped ones included
/// @param fileBytes contents of regular files
/// @param skippedDevices device nodes, which a user namespace may not make
/// @param squashedOwners files left to uid 0, see [Ownership#SQUASH]
/// @param droppedXattrs how often each attribute was dropped, because the kernel refused it or it is overlayfs' own
/// @param usage what the target holds now, if it was empty before; null when nobody counted, because the layer
///     replaced or removed files of its own
public record UnpackReport(
        long entries,
        long fileBytes,
        long skippedDevices,
        long squashedOwners,
        Map<String, Long> droppedXattrs,
        @Nullable Usage usage) {
    public UnpackReport {
        droppedXattrs = Map.copyOf(droppedXattrs);
    }

    /// One line for each kind of loss, for a log or a user.
    public List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (skippedDevices > 0) {
            notes.add(skippedDevices + " device nodes left out: a user namespace cannot make them");
        }
        if (squashedOwners > 0) {
            notes.add(squashedOwners + " files belong to root instead of their owner: no subordinate ids");
        }
        droppedXattrs.forEach((name, count) -> notes.add("attribute " + name + " left out of " + count + " files"));
        return notes;
    }
}
