// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.rootless.Instance;

/// How to unpack on this machine.
public record UnpackPolicy(UnpackLimits limits, Ownership ownership) {
    /// Squashes owners only where a single id is mapped.
    public static UnpackPolicy of(Instance instance) {
        return new UnpackPolicy(UnpackLimits.DEFAULT, instance.singleId() ? Ownership.SQUASH : Ownership.EXACT);
    }
}
