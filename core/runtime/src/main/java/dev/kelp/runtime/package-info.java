// SPDX-License-Identifier: Apache-2.0
/// Tasks: the running side of containers.
@NullMarked
package dev.kelp.runtime;

import org.jspecify.annotations.NullMarked;
