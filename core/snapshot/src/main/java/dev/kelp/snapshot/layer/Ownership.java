// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

/// What to do with owners this user namespace has no id for.
public enum Ownership {
    /// Refuse the layer: with subordinate ids every usual owner is mapped.
    EXACT,
    /// Leave the file to uid 0 of the namespace and count it: all there is with a single mapped id.
    SQUASH
}
