// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model;

import java.util.List;

/// The id maps of a user namespace.
public record IdMaps(List<IdMapping> uids, List<IdMapping> gids) {
    public IdMaps {
        uids = List.copyOf(uids);
        gids = List.copyOf(gids);
    }

    /// The parent's id for a user of the namespace; −1 when it is not mapped.
    public long uid(long inside) {
        return outside(uids, inside);
    }

    /// The parent's id for a group of the namespace; −1 when it is not mapped.
    public long gid(long inside) {
        return outside(gids, inside);
    }

    /// The maps the other way round: [#uid] and [#gid] give the namespace's id for one of the parent.
    public IdMaps inverse() {
        return new IdMaps(inverse(uids), inverse(gids));
    }

    private static List<IdMapping> inverse(List<IdMapping> maps) {
        return maps.stream()
                .map(m -> new IdMapping(m.outside(), m.inside(), m.count()))
                .toList();
    }

    private static long outside(List<IdMapping> maps, long inside) {
        for (IdMapping m : maps) {
            if (inside >= m.inside() && inside - m.inside() < m.count()) {
                return m.outside() + inside - m.inside();
            }
        }
        return -1;
    }
}
