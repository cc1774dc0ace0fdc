// SPDX-License-Identifier: Apache-2.0
/// What the engine remembers: one SQLite database, and what follows from it.
///
/// [Database] runs transactions. [ImageRecords], [BlobRecords] and [SnapshotTable] are its tables for images, what
/// leads
/// from one blob to the next, and snapshots; the containers' table belongs to the package above. [Leases] keep alive
/// what
/// no name reaches yet, [GarbageCollector] removes what nothing reaches.
///
/// Everything that can be reached or removed is a *node*, named by a string: a blob by its digest (`sha256:…`), a
/// snapshot
/// by snapshotter and name (`overlayfs/sha256:…`). Edges lead from an index to manifests, from a manifest to its
/// configuration and layers, from a configuration to the snapshot of its unpacked layers, from a snapshot to its
/// parent.
/// Roots are images' targets, containers' images and snapshots, and leases.
///
/// Order across a crash: content first, then edges, then the name that makes it visible; removal goes the other way
/// round. So what a crash leaves has no name, and the next collection removes it.
@NullMarked
package dev.kelp.engine.local.metadata;

import org.jspecify.annotations.NullMarked;
