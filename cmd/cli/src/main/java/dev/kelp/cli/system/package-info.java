// SPDX-License-Identifier: Apache-2.0
/// The commands about Kelp itself.
@NullMarked
package dev.kelp.cli.system;

import org.jspecify.annotations.NullMarked;
