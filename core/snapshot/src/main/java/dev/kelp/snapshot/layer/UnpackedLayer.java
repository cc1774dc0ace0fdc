// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.model.Digest;

/// A layer whose files are in place.
///
/// @param diffId sha256 of the uncompressed stream, to be compared with the image's `rootfs.diff_ids`
/// @param compressedBytes what was read
/// @param uncompressedBytes the length of the tar, padding included
/// @param pending what still has to be taken over from the parents, see [LayerApplication#inherit]
public record UnpackedLayer(
        Digest diffId, long compressedBytes, long uncompressedBytes, UnpackReport report, PendingInheritance pending) {}
