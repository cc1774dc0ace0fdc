// SPDX-License-Identifier: Apache-2.0
/// Kelp from outside: the finished program, real registries, real containers, a real terminal. What any engine must do
/// is also
/// asked of Podman, and what any launcher must do of RootlessKit, where the machine has them, so that the test itself
/// is
/// tested.
@NullMarked
package dev.kelp.e2e;

import org.jspecify.annotations.NullMarked;
