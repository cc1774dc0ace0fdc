// SPDX-License-Identifier: Apache-2.0
/// Volumes: directories that outlive containers.
///
/// [VolumeRecords] has their rows and who uses them; [VolumeStore] their directories,
/// `DATA/volumes/NAMESPACE/NAME/_data`;
/// [LocalVolumes] is one namespace of them. The directory is made before the row and removed after it, so the rows are
/// the truth and a directory without one is swept at the next start.
///
/// A container's use of a volume is a row made in one transaction with the container's, so that a volume in use cannot
/// be removed, and goes with the container's. A volume that nobody named is marked to go with the last container that
/// was made with it when that one is removed with its volumes.
///
/// [FirstCopy] fills an empty volume with what the image has in its place: into a directory beside it, which is renamed
/// when it is complete and only then moved in. What a crash cuts short is undone before that rename and finished after
/// it, so nobody takes half a copy for the whole.
@NullMarked
package dev.kelp.engine.local.volume;

import org.jspecify.annotations.NullMarked;
