// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.Pruned;
import dev.kelp.engine.local.metadata.GarbageCollector.Collected;
import dev.kelp.engine.local.metadata.ImageRecords.ImageRecord;
import dev.kelp.model.Digest;
import dev.kelp.model.oci.Descriptor;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// `image prune`: takes the names of images away that no container uses, then collects what nothing leads to. A pull
/// that
/// is under way has its lease, so what it has fetched stays.
final class ImagePruning {
    private final ImageService service;
    private final String namespace;

    ImagePruning(ImageService service, String namespace) {
        this.service = service;
        this.namespace = namespace;
    }

    Pruned run(boolean all, Predicate<ImageRecord> wanted) {
        List<String> untagged = new ArrayList<>();
        Set<Digest> manifests = new LinkedHashSet<>();
        for (ImageRecord r : service.records().list(namespace)) {
            if ((!all && !r.isDangling()) || isUsed(r) || !wanted.test(r)) {
                continue;
            }
            List<Descriptor> below = service.contents().manifests(r.target());
            if (!service.records()
                    .deleteUnused(
                            namespace, r, below.stream().map(Descriptor::digest).toList())) {
                continue;
            }
            manifests.add(r.target().digest());
            below.forEach(m -> manifests.add(m.digest()));
            if (!r.isDangling()) {
                untagged.add(ImageLookup.shown(r));
            }
        }
        Collected collected = service.parts().collector().collect();
        Set<Digest> gone = new LinkedHashSet<>(collected.blobs());
        gone.retainAll(manifests);
        return new Pruned(untagged, List.copyOf(gone), collected.bytes());
    }

    private boolean isUsed(ImageRecord r) {
        return service.contents().manifests(r.target()).stream()
                .anyMatch(m ->
                        !service.records().containersOf(namespace, m.digest()).isEmpty());
    }
}
