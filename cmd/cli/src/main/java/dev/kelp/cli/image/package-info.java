// SPDX-License-Identifier: Apache-2.0
/// The commands about images and registries, a class each.
@NullMarked
package dev.kelp.cli.image;

import org.jspecify.annotations.NullMarked;
