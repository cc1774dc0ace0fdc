// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.model.IdMaps;
import dev.kelp.rootless.Instance;
import org.jspecify.annotations.Nullable;

/// How to unpack on this machine.
///
/// @param ids the user namespace whose ids the tar's owners are; null: this one's
public record UnpackPolicy(
        UnpackLimits limits, Ownership ownership, @Nullable IdMaps ids) {
    public UnpackPolicy(UnpackLimits limits, Ownership ownership) {
        this(limits, ownership, null);
    }

    /// Squashes owners only where a single id is mapped.
    public static UnpackPolicy of(Instance instance) {
        return new UnpackPolicy(UnpackLimits.DEFAULT, instance.singleId() ? Ownership.SQUASH : Ownership.EXACT);
    }

    /// The same for a tar with the ids of another namespace.
    public UnpackPolicy mappedTo(@Nullable IdMaps namespace) {
        return new UnpackPolicy(limits, ownership, namespace);
    }
}
