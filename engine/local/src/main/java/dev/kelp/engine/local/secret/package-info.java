// SPDX-License-Identifier: Apache-2.0
/// Secrets: data that containers get and nothing shows.
///
/// A row of the database says what a secret is called, a file of its own (0600, `DATA/secrets/ID`) has the data. The
/// file is there before the row and goes after it, so a file without a row is what a killed daemon left.
@NullMarked
package dev.kelp.engine.local.secret;

import org.jspecify.annotations.NullMarked;
