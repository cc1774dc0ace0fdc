// SPDX-License-Identifier: Apache-2.0
/// The commands `docker context …`. There is one engine, the user's own, so there is one context.
@NullMarked
package dev.kelp.cli.context;

import org.jspecify.annotations.NullMarked;
