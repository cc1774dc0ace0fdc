// SPDX-License-Identifier: Apache-2.0
/// The drivers of published ports: how a port of the host leads into the command's network namespace.
@NullMarked
package dev.kelp.launcher.port;

import org.jspecify.annotations.NullMarked;
