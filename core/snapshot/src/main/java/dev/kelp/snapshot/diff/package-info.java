// SPDX-License-Identifier: Apache-2.0
/// What a tree changed in comparison with what lies below it, and trees as tars.
///
/// [Differ] is the way in. [ChangeWalk] finds the changes: in an overlayfs upper directory they are what is there, and
/// whether a name is new, changed or gone is looked up in the layers below; of two whole trees (the native snapshotter)
/// it
/// compares metadata and, where times are too coarse to tell, contents. A directory that hides what is below it
/// (opaque)
/// is told as the deletion of each name it hides, so that visitors need to know whiteouts only. [TreeTar] makes a layer
/// of
/// the changes, or an archive of a whole tree.
///
/// The trees may be in use: what vanishes while it is read is left out, a file that shrinks is filled with zeros.
/// Whoever
/// wants a moment's picture freezes the container first.
///
/// Everything is by descriptor and single name, no symbolic link is followed: the trees are a container's, which may be
/// hostile. One descriptor per level and layer is open.
@NullMarked
package dev.kelp.snapshot.diff;

import org.jspecify.annotations.NullMarked;
