// SPDX-License-Identifier: Apache-2.0
/// Shows how long work goes on.
///
/// The engine's threads only note the newest state of each item; a thread of this package draws. So a terminal that
/// takes nothing (a suspended client, a slow line) holds up the drawing and never the work.
@NullMarked
package dev.kelp.cli.progress;

import org.jspecify.annotations.NullMarked;
