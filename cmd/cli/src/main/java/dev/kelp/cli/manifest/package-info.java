// SPDX-License-Identifier: Apache-2.0
/// The commands about manifest lists.
@NullMarked
package dev.kelp.cli.manifest;

import org.jspecify.annotations.NullMarked;
