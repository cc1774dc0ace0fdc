// SPDX-License-Identifier: Apache-2.0
/// Blobs under their digest.
///
/// [ContentStore] is the interface and its Javadoc the manual; [OciLayoutStore] keeps blobs as the OCI image layout
/// does,
/// so that other tools can read the folder. The life of a blob: [ContentStore#begin] opens an [Ingest]; bytes are
/// written and hashed; `commit` compares size and digest, writes the data to the disk and renames the file to its
/// digest.
/// What breaks off before stays as a partial blob and is taken up again, hashed anew from its first byte.
///
/// Invariants: a file below `blobs` has the content its name says, from the moment it has that name, also after a power
/// cut; a blob is never written to; nothing here knows what a blob means, so nothing here deletes one by itself.
///
/// Relied on: rename(2) is atomic within a file system; fdatasync(2) of the file before it and fsync(2) of the folder
/// after it order the two on ext4, XFS and btrfs. One process owns the folder.
///
/// Limits: one blob as large as the file system takes; [ContentStore#read] returns at most what its caller allows.
@NullMarked
package dev.kelp.content;

import org.jspecify.annotations.NullMarked;
