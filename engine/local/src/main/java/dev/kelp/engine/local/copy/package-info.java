// SPDX-License-Identifier: Apache-2.0
/// `cp`: files between a user and a container.
///
/// The container's side is a directory that its processes may change at any time: every path is resolved inside its
/// root by openat2(2), and below a directory that was opened only single names are used, none of which is followed
/// ([ContainerFolder]). The user's side is opened by her client, so what she may not read or write stays so
/// ([ClientFolder]). Contents go from descriptor to descriptor in the kernel ([FileData]).
@NullMarked
package dev.kelp.engine.local.copy;

import org.jspecify.annotations.NullMarked;
