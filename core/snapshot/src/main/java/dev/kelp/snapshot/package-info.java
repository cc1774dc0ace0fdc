// SPDX-License-Identifier: Apache-2.0
/// Root file systems as stacks of snapshots.
///
/// [Snapshotter] is the interface and its Javadoc the manual. [OverlaySnapshotter] stacks directories with
/// overlayfs, [NativeSnapshotter] copies; [Snapshotters] chooses by really trying. What is known of a snapshot is
/// a row in [SnapshotRecords], its files a numbered directory; files are made before the row and deleted after it,
/// so the rows are
/// the truth and [Snapshotter#cleanup] removes whatever they do not name. [MountTarget] makes the mounts that a
/// snapshotter
/// describes. [HostRootfs] makes a root file system of this machine itself, for `--rootfs /`.
///
/// The life of one snapshot: an id is allocated; its directory is made (overlayfs: `fs` and `work`); its row
/// inserted as
/// *active*; a layer is unpacked into [LayerTarget#directory] by [dev.kelp.snapshot.layer]; `commit` replaces the
/// row by a
/// *committed* one of the same id, the directory stays where it is; containers stack active snapshots on it; when
/// no row
/// has it as a parent `remove` deletes the row, renames the directory to `removing-<id>` and deletes that.
///
/// Relied on: overlayfs in user namespaces with `userxattr` (Linux 5.11), whiteouts by mknod(2) there (5.8),
/// `lowerdir+`
/// for more layers than fit a page (6.5; below it about 220 layers), openat2(2) (5.6). One process owns the data
/// root.
///
/// What a snapshot changed is found, and made into a layer, by [dev.kelp.snapshot.diff], which reads a [ChangedTree].
///
/// Other snapshotters (FUSE, lazy, remote) implement [Snapshotter] and run `SnapshotterContract`.
@NullMarked
package dev.kelp.snapshot;

import org.jspecify.annotations.NullMarked;
