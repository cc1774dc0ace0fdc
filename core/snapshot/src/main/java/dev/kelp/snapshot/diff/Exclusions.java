// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/// Mount points that were made for a container's mounts: in its root they are empty files and directories nobody asked
/// for. One that is new and empty is no change, nor is a directory made for nothing but mount points.
public final class Exclusions {
    public static final Exclusions NONE = new Exclusions(Set.of());

    private final Set<String> points = new HashSet<>();
    private final Set<String> above = new HashSet<>();

    /// @param mountPoints absolute paths in the container
    public Exclusions(Collection<String> mountPoints) {
        for (String p : mountPoints) {
            String path = p.replaceAll("^/+|/+$", "");
            if (path.isEmpty()) {
                continue;
            }
            points.add(path);
            above.add("");
            for (int slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
                above.add(path.substring(0, slash));
            }
        }
    }

    boolean isMountPoint(String path) {
        return points.contains(path);
    }

    /// Whether a mount point lies below this directory.
    boolean isAbove(String path) {
        return above.contains(path);
    }
}
