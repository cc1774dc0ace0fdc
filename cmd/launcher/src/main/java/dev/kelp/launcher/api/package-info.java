// SPDX-License-Identifier: Apache-2.0
/// The REST API of RootlessKit, version 1.1.1, on a socket of the state directory: its server, and the client that
/// `rootlessctl` is.
@NullMarked
package dev.kelp.launcher.api;

import org.jspecify.annotations.NullMarked;
