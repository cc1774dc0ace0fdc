// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import java.util.List;

/// What a layer's tar takes for granted and only its parents know. Seldom anything: most builders write every
/// parent directory into the layer. Kept apart so that layers can be unpacked before their parents are.
///
/// @param impliedDirectories directories the tar names only as part of longer paths; they are there with mode 0755
/// @param links hard links to files of a parent
/// @param opaqueRoot the layer hides everything below it
public record PendingInheritance(List<String> impliedDirectories, List<Link> links, boolean opaqueRoot) {
    public PendingInheritance {
        impliedDirectories = List.copyOf(impliedDirectories);
        links = List.copyOf(links);
    }

    /// A hard link to be made at `path`, both relative to the root.
    public record Link(String path, String target) {}

    public boolean isEmpty() {
        return impliedDirectories.isEmpty() && links.isEmpty() && !opaqueRoot;
    }
}
