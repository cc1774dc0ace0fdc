// SPDX-License-Identifier: Apache-2.0
/// The engine's contract.
///
/// An [Engine] has [EngineNamespace]s (containerd's notion: names of images and containers are separate in each, blobs
/// and snapshots are shared). Each gives [Images] and [Containers]. Whoever asks passes a [UserEnvironment]: the files,
/// variables and helper programs of the *user*, whom the engine's process cannot reach itself.
///
/// Every failure is a `KelpException`. Calls block; call them on platform threads. A thread's interruption cancels
/// the call (ErrorKind.CANCELLED) and leaves nothing half-made visible.
@NullMarked
package dev.kelp.engine;

import org.jspecify.annotations.NullMarked;
