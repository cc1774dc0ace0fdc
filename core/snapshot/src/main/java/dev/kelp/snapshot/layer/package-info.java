// SPDX-License-Identifier: Apache-2.0
/// Unpacking image layers: from a compressed stream to files, as the OCI image specification's "Image Layer
/// Filesystem Changeset" and the tar format of POSIX.1-2024 (pax), ustar and GNU say.
///
/// [LayerApplication] is the way in. Three threads share a ring of large blocks outside the heap: one reads and
/// decompresses ([Decompression]), one hashes the uncompressed bytes into the diff id, and the caller's own reads
/// the tar
/// and writes the files ([LayerUnpacker]). Blocks are written from where they were decompressed to.
///
/// The tar is hostile until proven otherwise. Every parent directory is opened with openat2(2) RESOLVE_IN_ROOT, so
/// neither `..` nor a symbolic link the layer itself made leads out of the target; new files are made with O_EXCL,
/// so nothing is written through a link; sizes, counts and lengths have limits ([UnpackLimits]). Where two
/// readings of a tar
/// are possible this one reads as Go's archive/tar does, which is what other engines and scanners use.
///
/// The way back, from files to a layer, is [dev.kelp.snapshot.diff]; it shares only the names of whiteouts
/// ([Whiteouts]).
@NullMarked
package dev.kelp.snapshot.layer;

import org.jspecify.annotations.NullMarked;
