// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.PullOptions;
import dev.kelp.engine.Progress;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.registry.Document;
import dev.kelp.registry.DocumentReader;
import dev.kelp.registry.Fetcher;
import dev.kelp.registry.ImageSelector;
import dev.kelp.registry.Registry;
import dev.kelp.registry.Resolution;
import dev.kelp.registry.http.Cancellation;
import dev.kelp.snapshot.Snapshotter;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// One pull.
final class Pull {
    private final ImageService service;
    private final Reference reference;
    private final PullOptions options;
    private final ProgressReport report;
    private final Cancellation cancellation = new Cancellation();
    private final Registry registry;
    private final Fetcher fetcher;
    private final Map<Digest, Descriptor> taken = new LinkedHashMap<>();

    /// A manifest to take in, which is in the content store. There may be a thousand of 4 MiB, so their bytes are
    /// read
    /// when they are needed.
    private record Wanted(Descriptor manifest, boolean unpack) {}

    Pull(ImageService service, Reference reference, PullOptions options, UserEnvironment user, Progress progress) {
        this.service = service;
        this.reference = reference;
        this.options = options;
        this.report = new ProgressReport(progress);
        this.registry = new Registry(
                service.parts().transport(),
                new RegistryAccess(user).access(options.registry(), cancellation, report.downloads()));
        this.fetcher = registry.fetcher(reference);
    }

    /// Returns when the image has its name in `namespace`.
    Descriptor run(String namespace) {
        report.reference(reference.toString(), State.RESOLVING);
        Resolution resolution = registry.resolver().resolve(reference);
        Document top = resolution.document();
        report.reference(reference.toString(), State.RESOLVED);
        try (Turns.Turn _ = service.turns()
                .take(top.descriptor().digest().toString(), () -> report.item(top.descriptor(), State.WAITING))) {
            // left to expire when this fails: the next attempt goes on with what is here then
            Lease lease = service.parts().leases().open(GarbageCollector.PARTIAL_LIFE);
            Reachability reached = new Reachability();
            takeIn(top, lease, reached);
            service.content().sync();
            reached.record(service.blobs());
            service.blobs().addSource(taken.keySet(), reference.repository());
            service.records().put(namespace, reference.toString(), top.descriptor());
            lease.release();
        }
        // not earlier: the writes that make the name durable would wait for those of all files
        service.settle();
        return top.descriptor();
    }

    private void takeIn(Document top, Lease lease, Reachability reached) {
        keep(top, lease, reached);
        List<Wanted> wanted = wanted(top, lease, reached);
        try (LayerIntake intake = new LayerIntake(service, this::open, lease, report)) {
            for (Wanted w : wanted) {
                takeIn(w, intake, lease, reached);
            }
        } catch (RuntimeException | Error e) {
            cancellation.cancel();
            throw e;
        }
    }

    private InputStream open(Descriptor descriptor, long offset) {
        return fetcher.open(descriptor, offset);
    }

    /// The manifests of the platforms asked for, each once.
    private List<Wanted> wanted(Document top, Lease lease, Reachability reached) {
        if (!top.isIndex()) {
            return List.of(new Wanted(top.descriptor(), options.unpack()));
        }
        Map<Digest, Wanted> found = new LinkedHashMap<>();
        Set<Digest> visited = new HashSet<>();
        if (options.allPlatforms()) {
            Optional<Descriptor> host = ImageSelector.best(top.index(), Platform.host());
            for (Descriptor d : ImageSelector.images(top.index())) {
                if (!visited.add(d.digest())) {
                    continue;
                }
                ImageContents.checkCount(visited);
                Document document = document(d, lease, reached);
                boolean mine = host.isPresent() && host.get().digest().equals(d.digest());
                wantedBelow(document, options.unpack() && mine, lease, reached, visited)
                        .forEach(w -> found.put(w.manifest().digest(), w));
            }
            return List.copyOf(found.values());
        }
        Set<Platform> platforms =
                new LinkedHashSet<>(options.platforms().isEmpty() ? List.of(Platform.host()) : options.platforms());
        for (Platform p : platforms) {
            Descriptor manifest = ImageSelector.select(top, p, d -> document(d, lease, reached))
                    .manifest()
                    .descriptor();
            found.put(manifest.digest(), new Wanted(manifest, options.unpack()));
        }
        return List.copyOf(found.values());
    }

    private List<Wanted> wantedBelow(
            Document document, boolean unpack, Lease lease, Reachability reached, Set<Digest> visited) {
        if (!document.isIndex()) {
            return List.of(new Wanted(document.descriptor(), unpack));
        }
        List<Wanted> found = new ArrayList<>();
        for (Descriptor d : ImageSelector.images(document.index())) {
            if (!visited.add(d.digest())) {
                continue;
            }
            ImageContents.checkCount(visited);
            Document below = document(d, lease, reached);
            if (!below.isIndex()) {
                found.add(new Wanted(below.descriptor(), unpack));
            }
        }
        return found;
    }

    /// An index or manifest, from here when it is here and whole.
    private Document document(Descriptor d, Lease lease, Reachability reached) {
        lease.retain(List.of(Nodes.blob(d.digest())));
        if (service.content().find(d.digest()).isPresent()) {
            try {
                Document here = service.contents().document(d);
                taken.put(d.digest(), d);
                reached.add(here);
                report.item(d, State.EXISTS);
                return here;
            } catch (KelpException e) {
                if (e.kind() != ErrorKind.DATA_LOSS) {
                    throw e;
                }
                service.content().delete(d.digest());
            }
        }
        Document fetched = fetcher.document(d);
        keep(fetched, lease, reached);
        return fetched;
    }

    private void keep(Document document, Lease lease, Reachability reached) {
        Descriptor d = document.descriptor();
        lease.retain(List.of(Nodes.blob(d.digest())));
        service.content().put(d, document.bytes());
        taken.put(d.digest(), d);
        reached.add(document);
        report.item(d, State.DONE);
    }

    private void takeIn(Wanted w, LayerIntake intake, Lease lease, Reachability reached) {
        Manifest manifest = service.contents().document(w.manifest()).manifest();
        Descriptor config = manifest.config();
        lease.retain(List.of(Nodes.blob(config.digest())));
        byte[] configBytes = config(config);
        taken.put(config.digest(), config);
        manifest.layers().forEach(l -> taken.put(l.digest(), l));
        boolean image = MediaTypes.isConfig(config.mediaType())
                && manifest.layers().stream().allMatch(l -> MediaTypes.isLayer(l.mediaType()));
        if (!w.unpack() || !image) {
            intake.fetch(manifest.layers());
            return;
        }
        Snapshotter snapshotter = service.snapshotter(options.snapshotter());
        intake.unpack(
                        manifest.layers(),
                        ImageContents.config(config, configBytes).rootfs().diffIds(),
                        snapshotter)
                .ifPresent(chain -> reached.addSnapshot(config.digest(), snapshotter.name(), chain));
    }

    private byte[] config(Descriptor config) {
        if (service.content().find(config.digest()).isPresent()) {
            report.item(config, State.EXISTS);
            return service.content().read(config, DocumentReader.CONFIG_BYTES_MAX);
        }
        byte[] bytes = fetcher.bytes(config);
        service.content().put(config, bytes);
        report.item(config, State.DONE);
        return bytes;
    }
}
