// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

/// What a layer may ask for before it is refused with RESOURCE_EXHAUSTED or INVALID_ARGUMENT.
///
/// @param entries headers in the tar
/// @param pathBytes a path or link target, as in the tar
/// @param xattrBytes one extended attribute's value
/// @param headerBytes one extended header (pax `x` and `g`, GNU `L` and `K`)
/// @param uncompressedBytes the whole uncompressed stream, which bounds what is written too
/// @param windowBytes what a zstd frame may make the decoder remember
public record UnpackLimits(
        long entries, int pathBytes, int xattrBytes, int headerBytes, long uncompressedBytes, int windowBytes) {
    public static final UnpackLimits DEFAULT =
            new UnpackLimits(4_000_000, 4096, 65_536, 1 << 20, 256L << 30, 128 << 20);

    public UnpackLimits withEntries(long n) {
        return new UnpackLimits(n, pathBytes, xattrBytes, headerBytes, uncompressedBytes, windowBytes);
    }

    public UnpackLimits withUncompressedBytes(long n) {
        return new UnpackLimits(entries, pathBytes, xattrBytes, headerBytes, n, windowBytes);
    }
}
