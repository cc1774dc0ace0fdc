// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.IdMapping;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Finds ids that no other container has, for `--userns=auto`.
final class AutoIds {
    private AutoIds() {}

    /// A map of `size` ids: the lines given, and for the other ids of the container those of the engine's namespace
    /// that
    /// are free, the lowest first. The user's own, 0, is never one of them.
    ///
    /// @param available ids of the engine's namespace: 0 to this, without it
    /// @param taken lines of others
    static List<IdMapping> fill(long size, long available, List<IdMapping> given, List<IdMapping> taken) {
        List<IdMapping> map = new ArrayList<>(given);
        List<IdMapping> used = new ArrayList<>(taken);
        used.addAll(given);
        long inside = 0;
        for (IdMapping line : sorted(given, Comparator.comparingLong(IdMapping::inside))) {
            add(map, used, inside, Math.min(line.inside(), size) - inside, available);
            inside = Math.max(inside, line.inside() + line.count());
        }
        add(map, used, inside, size - inside, available);
        return sorted(map, Comparator.comparingLong(IdMapping::inside));
    }

    private static List<IdMapping> sorted(List<IdMapping> lines, Comparator<IdMapping> by) {
        return lines.stream().sorted(by).toList();
    }

    private static void add(List<IdMapping> map, List<IdMapping> used, long inside, long count, long available) {
        if (count > 0) {
            IdMapping line = new IdMapping(inside, free(count, used, available), count);
            map.add(line);
            used.add(line);
        }
    }

    private static long free(long count, List<IdMapping> used, long available) {
        long start = 1;
        for (IdMapping m : sorted(used, Comparator.comparingLong(IdMapping::outside))) {
            if (start + count <= m.outside()) {
                break;
            }
            start = Math.max(start, m.outside() + m.count());
        }
        if (start + count > available) {
            throw KelpException.invalid("no " + count + " ids in a row are left for --userns=auto: " + available
                            + " are there, and other containers have some")
                    .withHint("remove a container made so, or ask for fewer: --userns=auto:size=N");
        }
        return start;
    }
}
