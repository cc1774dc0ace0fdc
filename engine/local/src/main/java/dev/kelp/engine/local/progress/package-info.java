// SPDX-License-Identifier: Apache-2.0
/// Tells of long work on many files.
@NullMarked
package dev.kelp.engine.local.progress;

import org.jspecify.annotations.NullMarked;
