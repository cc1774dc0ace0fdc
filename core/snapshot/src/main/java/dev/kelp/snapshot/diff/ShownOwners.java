// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import dev.kelp.linux.Stat;
import dev.kelp.model.IdMaps;
import org.jspecify.annotations.Nullable;

/// Whom an archive names as the owners of files: those that a user namespace inside this one sees, whose ids the files
/// belong to by other numbers here.
public final class ShownOwners {
    /// As the kernel shows an id that a namespace does not map (user_namespaces(7)).
    private static final int OVERFLOW_ID = 65534;

    /// As they are here.
    public static final ShownOwners HERE = new ShownOwners(null);

    private final @Nullable IdMaps inside;

    private ShownOwners(@Nullable IdMaps inside) {
        this.inside = inside;
    }

    /// As that namespace sees them; null: as they are here.
    public static ShownOwners in(@Nullable IdMaps namespace) {
        return namespace == null ? HERE : new ShownOwners(namespace.inverse());
    }

    /// The file with its owners in the namespace.
    public Stat of(Stat stat) {
        return inside == null
                ? stat
                : stat.withOwner(
                        shown(inside.uid(Integer.toUnsignedLong(stat.uid()))),
                        shown(inside.gid(Integer.toUnsignedLong(stat.gid()))));
    }

    private static int shown(long id) {
        return id < 0 ? OVERFLOW_ID : (int) id;
    }
}
