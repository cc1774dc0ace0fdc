// SPDX-License-Identifier: Apache-2.0
/// Commands about networks, in the words and shapes of docker and nerdctl.
@NullMarked
package dev.kelp.cli.network;

import org.jspecify.annotations.NullMarked;
