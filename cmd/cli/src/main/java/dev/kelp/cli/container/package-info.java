// SPDX-License-Identifier: Apache-2.0
/// The commands about containers, a class each.
///
/// [CreatingCommand] is what `run` and `create` share; [Streams] is what `run`, `start -a`, `attach` and `exec` share:
/// hand the streams to the client, pass signals on, wait for whichever comes first, the exit code or the end of the
/// attachment.
@NullMarked
package dev.kelp.cli.container;

import org.jspecify.annotations.NullMarked;
