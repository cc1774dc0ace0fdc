// SPDX-License-Identifier: Apache-2.0
/// The commands about secrets, as Podman has them.
@NullMarked
package dev.kelp.cli.secret;

import org.jspecify.annotations.NullMarked;
