// SPDX-License-Identifier: Apache-2.0
/// The commands about volumes.
@NullMarked
package dev.kelp.cli.volume;

import org.jspecify.annotations.NullMarked;
