// SPDX-License-Identifier: Apache-2.0
/// `checkpoint …`: says why there are none. CRIU (criu(8)) needs capabilities over the whole machine, and the engine
/// has
/// none, called by root neither: its containers live in a user namespace.
@NullMarked
package dev.kelp.cli.checkpoint;

import org.jspecify.annotations.NullMarked;
