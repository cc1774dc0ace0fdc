// SPDX-License-Identifier: Apache-2.0
/// The commands of `kelp`. Each is a picocli class that reads its flags, calls the engine and prints through its
/// [ClientContext]; nothing here knows how the engine works or where the daemon runs.
@NullMarked
package dev.kelp.cli;

import org.jspecify.annotations.NullMarked;
