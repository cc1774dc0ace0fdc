// SPDX-License-Identifier: Apache-2.0
/// The table of commands and what surrounds a call: finding the command, help, suggestions, errors and exit codes.
///
/// A new command is a class and a row in [Commands]. What is typed for `ctr` is first put into this program's words
/// ([ContainerdWords]). What help says ([HelpPage]) goes to a [PageWriter]: to the terminal ([TextPage]), or into the
/// manual pages of a release ([Manual]).
@NullMarked
package dev.kelp.cli.shell;

import org.jspecify.annotations.NullMarked;
