// SPDX-License-Identifier: Apache-2.0
/// Images: from registries and archives into the content store and snapshots, and back.
///
/// [ImageService] is what all namespaces share, [LocalImages] the images of one. A pull resolves the reference, walks
/// the index to the wanted platforms ([Pull]) and takes layers in ([LayerIntake]): three at a time, each read from the
/// network once, while it is hashed, kept as a blob, decompressed and unpacked. Overlayfs takes layers in any order and
/// they are stacked afterwards; a snapshotter that copies gets them from the bottom up, when they are here. Layers that
/// are
/// unpacked already are not unpacked again, whichever image brought them.
///
/// Nothing is visible before all blobs are on the disk: a lease keeps what has come so far, the last transaction gives
/// the name and the edges, then the lease ends. A pull that breaks off leaves its lease for a day, and the next goes on
/// with the blobs and the beginnings of blobs it finds.
///
/// [ImageContents] reads what is here, [ImageLookup] understands what users type, [ArchiveWriter] and [Load] are
/// `save`
/// and `load`, of a tar ([TarWriter], [ArchiveReader]) or of a folder of the user's ([FolderWriter], [FolderReader]).
@NullMarked
package dev.kelp.engine.local.image;

import org.jspecify.annotations.NullMarked;
