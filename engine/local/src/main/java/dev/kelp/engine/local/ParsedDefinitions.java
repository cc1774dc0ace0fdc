// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.ContainerRecord.Definition;
import dev.kelp.model.oci.OciJson;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/// The definitions of the containers that were looked at last, parsed once: parsing one takes longer than all else a
/// `ps` does for a container, and a start looks at it several times. A definition is found again only by the very bytes
/// that the database holds now.
///
/// Limit: [#KEPT_MAX] of them, 5 KB each, and [#IDLE_MAX] once nobody asks any more. The first ones to come are
/// forgotten first.
final class ParsedDefinitions {
    static final int KEPT_MAX = 16_384;
    static final int IDLE_MAX = 512;

    private final Map<String, Parsed> kept = new LinkedHashMap<>();

    private record Parsed(byte[] bytes, Definition definition) {}

    /// The definition of container `id` that these bytes are.
    Definition of(String id, byte[] bytes) {
        synchronized (kept) {
            Parsed before = kept.get(id);
            if (before != null && Arrays.equals(before.bytes, bytes)) {
                return before.definition;
            }
        }
        Definition definition = OciJson.read(bytes, Definition.class, "the record of container " + id);
        synchronized (kept) {
            kept.put(id, new Parsed(bytes, definition));
            keep(KEPT_MAX);
        }
        return definition;
    }

    /// Nobody asks any more.
    void trim() {
        synchronized (kept) {
            keep(IDLE_MAX);
        }
    }

    private void keep(int most) {
        for (Iterator<Parsed> oldest = kept.values().iterator(); kept.size() > most; ) {
            oldest.next();
            oldest.remove();
        }
    }

    /// The container is gone.
    void forget(String id) {
        synchronized (kept) {
            kept.remove(id);
        }
    }
}
