// SPDX-License-Identifier: Apache-2.0
/// How things are written for people: tables, sizes, durations, and the choice that `--format` makes between a table,
/// JSON and a template. The words are Docker's (`About a minute`, `2 weeks`), sizes are nerdctl's (`4.2 MiB`).
@NullMarked
package dev.kelp.cli.format;

import org.jspecify.annotations.NullMarked;
