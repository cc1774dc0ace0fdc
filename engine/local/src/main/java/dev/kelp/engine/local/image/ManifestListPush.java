// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.engine.Progress;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.metadata.ManifestListRecords.Row;
import dev.kelp.model.Digest;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.registry.BlobSource;
import dev.kelp.registry.Document;
import dev.kelp.registry.Fetcher;
import dev.kelp.registry.Pusher;
import dev.kelp.registry.Registry;
import dev.kelp.registry.http.Cancellation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// One push of a manifest list. Blobs that the target repository lacks come, in this order, from another repository of
/// the same registry, from here, or through here from the registry the image was named by.
final class ManifestListPush {
    private final ImageService service;
    private final Reference list;
    private final Registry registry;
    private final Pusher pusher;
    private final ProgressReport report;

    ManifestListPush(
            ImageService service, Reference list, RegistryOptions options, UserEnvironment user, Progress progress) {
        this.service = service;
        this.list = list;
        this.report = new ProgressReport(progress);
        this.registry = new Registry(
                service.parts().transport(),
                new RegistryAccess(user).access(options, new Cancellation(), report.uploads()));
        this.pusher = registry.pusher(list);
    }

    Digest run(List<Row> rows) {
        Set<Digest> sent = new HashSet<>();
        List<Document> manifests = new ArrayList<>();
        for (Row r : rows) {
            Descriptor d = r.target();
            Document manifest = service.contents().document(Descriptor.of(d.mediaType(), d.digest(), d.size()));
            manifests.add(manifest);
            Reference source = Reference.parse(r.source());
            Fetcher fetcher = registry.fetcher(source);
            for (Descriptor blob : blobs(manifest)) {
                if (sent.add(blob.digest())) {
                    report.item(blob, State.WAITING);
                    pusher.push(blob, source(blob, fetcher), Optional.of(source));
                }
            }
        }
        manifests.forEach(m -> pusher.putManifest(m, Optional.empty()));
        Document index = IndexDocument.of(rows);
        pusher.putManifest(index, list.tag());
        report.reference(list.toString(), State.DONE);
        return index.descriptor().digest();
    }

    private static List<Descriptor> blobs(Document manifest) {
        List<Descriptor> blobs = new ArrayList<>();
        manifest.manifest().layers().stream().filter(Push::isDistributable).forEach(blobs::add);
        blobs.add(manifest.manifest().config());
        return blobs;
    }

    private BlobSource source(Descriptor blob, Fetcher fetcher) {
        return offset -> service.content().find(blob.digest()).isPresent()
                ? service.content().open(blob.digest(), offset)
                : fetcher.open(blob, offset);
    }
}
