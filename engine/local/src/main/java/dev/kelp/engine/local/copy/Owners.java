// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import dev.kelp.linux.Stat;
import dev.kelp.model.IdMaps;
import org.jspecify.annotations.Nullable;

/// Whom files belong to that come into a container.
///
/// @param keep they stay with whom the originals belong to; else they are the container's root's
/// @param ids the container's own user namespace, when it has one: owners are ids in it
record Owners(boolean keep, @Nullable IdMaps ids) {
    /// The id the kernel shows for one that is not mapped.
    private static final int OVERFLOW_ID = 65534;

    int uid(Stat like) {
        long id = inside(like.uid());
        return ids == null ? (int) id : (int) mapped(ids.uid(id), ids.uid(0));
    }

    int gid(Stat like) {
        long id = inside(like.gid());
        return ids == null ? (int) id : (int) mapped(ids.gid(id), ids.gid(0));
    }

    private long inside(int id) {
        return keep && id != OVERFLOW_ID ? Integer.toUnsignedLong(id) : 0;
    }

    /// Nobody's in there: its root's, as with an id nobody has out here.
    private static long mapped(long id, long root) {
        return id >= 0 ? id : Math.max(root, 0);
    }
}
