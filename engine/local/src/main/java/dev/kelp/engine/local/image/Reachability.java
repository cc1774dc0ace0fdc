// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.local.metadata.BlobRecords;
import dev.kelp.engine.local.metadata.BlobRecords.Edge;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Manifest;
import dev.kelp.registry.Document;
import java.util.LinkedHashSet;
import java.util.Set;

/// Gathers what leads to what in an image, to be recorded before its name.
final class Reachability {
    private final Set<Edge> edges = new LinkedHashSet<>();

    /// An index leads to its entries, whether they are here or not, a manifest to configuration and layers.
    void add(Document document) {
        Digest parent = document.descriptor().digest();
        if (document.isIndex()) {
            document.index().manifests().forEach(d -> add(parent, d));
        } else {
            Manifest manifest = document.manifest();
            add(parent, manifest.config());
            manifest.layers().forEach(d -> add(parent, d));
        }
    }

    private void add(Digest parent, Descriptor child) {
        edges.add(new Edge(Nodes.blob(parent), Nodes.blob(child.digest())));
    }

    /// A configuration leads to the snapshot of its unpacked layers.
    void addSnapshot(Digest config, String snapshotter, String chainId) {
        edges.add(new Edge(Nodes.blob(config), Nodes.snapshot(snapshotter, chainId)));
    }

    void record(BlobRecords blobs) {
        blobs.addEdges(edges);
    }
}
