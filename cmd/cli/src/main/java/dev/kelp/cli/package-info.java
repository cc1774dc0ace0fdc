// SPDX-License-Identifier: Apache-2.0
/// What all commands of `kelp` share. Each command is a picocli class that reads its flags, calls the engine and prints
/// through its [ClientContext]; nothing here knows how the engine works or where the daemon runs.
///
/// The life of a command: `dev.kelp.cli.shell.Shell` reads the words before the command ([GlobalFlags]), finds the
/// command's row in its table, makes that one command and nothing else, lets picocli fill it, and calls
/// [KelpCommand#run] with an [Invocation]. What the command throws becomes `kelp: error: …`, a `hint: …` and an exit
/// code there, so commands hardly ever catch.
///
/// The packages: `template` (Go templates) knows nothing of Kelp; `format` has tables, units and what commands that
/// inspect share; `flags` turns the words of flags into the engine's records; `progress` draws; `container`, `image`,
/// `system` and the like hold a class per command; `shell` holds the table of commands, help and error texts.
@NullMarked
package dev.kelp.cli;

import org.jspecify.annotations.NullMarked;
