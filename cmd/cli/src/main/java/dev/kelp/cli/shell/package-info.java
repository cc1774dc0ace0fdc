// SPDX-License-Identifier: Apache-2.0
/// The table of commands and what surrounds a call: finding the command, help, suggestions, errors and exit codes.
///
/// A new command is a class and a row in [Commands].
@NullMarked
package dev.kelp.cli.shell;

import org.jspecify.annotations.NullMarked;
