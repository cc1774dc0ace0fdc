// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import java.util.HashSet;
import java.util.Set;

/// The paths a layer has brought so far, their parents included: what its own whiteouts must spare where the
/// parents' files lie in the same tree.
final class LayerPaths {
    private final Set<String> paths = new HashSet<>();

    void add(String path) {
        for (String p = path; !p.isEmpty() && paths.add(p); ) {
            p = LayerPath.parent(p);
        }
    }

    boolean contains(String path) {
        return paths.contains(path);
    }

    /// Forgets a removed directory and what was in it.
    void removeBelow(String path) {
        if (paths.remove(path)) {
            paths.removeIf(p -> p.startsWith(path + "/"));
        }
    }
}
