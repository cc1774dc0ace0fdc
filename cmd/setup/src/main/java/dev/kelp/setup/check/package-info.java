// SPDX-License-Identifier: Apache-2.0
/// The checks of `kelp setup check`, a class or method each. A [Check] looks at a [Machine] and says what it found in a
/// [Finding]: state, reason, and lines that can be typed as they stand. A check never fails: what it cannot read counts
/// as not there. Tests give it a machine of files in a folder and of programs that answer from a table.
@NullMarked
package dev.kelp.setup.check;

import org.jspecify.annotations.NullMarked;
