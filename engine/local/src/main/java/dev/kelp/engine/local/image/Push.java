// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.PushOptions;
import dev.kelp.engine.Progress;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.image.ImageContents.Parsed;
import dev.kelp.engine.local.metadata.Leases;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.BlobSource;
import dev.kelp.registry.Document;
import dev.kelp.registry.DocumentReader;
import dev.kelp.registry.Pusher;
import dev.kelp.registry.Registry;
import dev.kelp.registry.http.Cancellation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/// One push. What is sent is decided as Docker does with several platforms: the index as it is when all of it is here;
/// when only one platform is here, that one's manifest; platforms that were asked for by name, those.
final class Push {
    private final ImageService service;
    private final Reference reference;
    private final PushOptions options;
    private final ProgressReport report;
    private final Cancellation cancellation = new Cancellation();
    private final Pusher pusher;

    Push(ImageService service, Reference reference, UserEnvironment user, Progress progress, PushOptions options) {
        this.service = service;
        this.reference = reference;
        this.options = options;
        this.report = new ProgressReport(progress);
        Registry registry = new Registry(
                service.parts().transport(),
                new RegistryAccess(user).access(options.registry(), cancellation, report.uploads()));
        this.pusher = registry.pusher(reference);
    }

    void run(Descriptor target) {
        try (Leases.Pin _ = service.parts().leases().pin(List.of(Nodes.blob(target.digest())))) {
            List<Parsed> here = service.contents().complete(target);
            Document top = top(target, here);
            List<Document> documents = new ArrayList<>(top.isIndex() ? below(top) : List.of());
            documents.add(top);
            Map<Digest, Descriptor> blobs = new LinkedHashMap<>();
            for (Document m : documents) {
                if (m.isIndex()) {
                    continue;
                }
                m.manifest().layers().stream()
                        .filter(l -> options.nonDistributable() || isDistributable(l))
                        .forEach(l -> blobs.put(l.digest(), l));
                blobs.put(m.manifest().config().digest(), m.manifest().config());
            }
            pushBlobs(List.copyOf(blobs.values()));
            documents.removeLast();
            documents.forEach(d -> put(d, Optional.empty()));
            put(top, reference.tag());
            report.reference(reference.toString(), State.DONE);
            service.blobs().addSource(blobs.keySet(), reference.repository());
        }
    }

    static boolean isDistributable(Descriptor layer) {
        return !layer.mediaType().contains("nondistributable")
                && !layer.mediaType().contains("foreign");
    }

    private Document top(Descriptor target, List<Parsed> here) {
        Document whole = service.contents().document(target);
        if (!whole.isIndex()) {
            checkComplete(target, here);
            return whole;
        }
        List<Descriptor> all = service.contents().manifests(target);
        List<Platform> asked = options.platforms();
        if (asked.isEmpty()) {
            if (isWhole(whole, new HashSet<>())) {
                return whole;
            }
            if (options.allPlatforms()) {
                throw KelpException.notFound("only " + here.size() + " of " + all.size() + " platforms of `"
                                + reference.familiar() + "` are here")
                        .withHint("pull it with --all-platforms first");
            }
            if (here.size() > 1) {
                return subset(here);
            }
            asked = here.isEmpty()
                    ? List.of(Platform.host())
                    : List.of(here.getFirst().platform());
        }
        List<Parsed> chosen = new ArrayList<>();
        for (Platform p : asked) {
            chosen.add(ImageContents.best(here, p)
                    .orElseThrow(() -> KelpException.notFound("`" + reference.familiar() + "` is not here for " + p)
                            .withHint("pull it with --platform " + p + " first")));
        }
        return chosen.size() == 1
                ? service.contents().document(chosen.getFirst().descriptor())
                : subset(chosen);
    }

    /// Whether everything below an index is here, attestations included.
    private boolean isWhole(Document index, Set<Digest> visited) {
        for (Descriptor d : index.index().manifests()) {
            if (!visited.add(d.digest())) {
                continue;
            }
            ImageContents.checkCount(visited);
            if (service.content().find(d.digest()).isEmpty()) {
                return false;
            }
            Document below = service.contents().document(d);
            boolean whole = below.isIndex()
                    ? isWhole(below, visited)
                    : Stream.concat(Stream.of(below.manifest().config()), below.manifest().layers().stream())
                            .filter(Push::isDistributable)
                            .allMatch(b -> service.content().find(b.digest()).isPresent());
            if (!whole) {
                return false;
            }
        }
        return true;
    }

    private void checkComplete(Descriptor target, List<Parsed> here) {
        if (here.isEmpty()) {
            throw KelpException.notFound(
                            "content of `" + reference.familiar() + "` (" + target.digest() + ") is missing")
                    .withHint("pull it again");
        }
    }

    /// An index of some platforms only.
    private Document subset(List<Parsed> chosen) {
        byte[] bytes = OciJson.write(Index.of(chosen.stream()
                .map(p -> p.descriptor().withPlatform(p.platform()))
                .distinct()
                .toList()));
        return DocumentReader.read(bytes, Optional.empty(), null, "the index of the chosen platforms");
    }

    /// What lies below an index, inner ones first.
    private List<Document> below(Document index) {
        Map<Digest, Document> found = new LinkedHashMap<>();
        below(index, new HashSet<>(), found);
        return List.copyOf(found.values());
    }

    private void below(Document index, Set<Digest> visited, Map<Digest, Document> found) {
        for (Descriptor d : index.index().manifests()) {
            if (visited.add(d.digest())) {
                ImageContents.checkCount(visited);
                Document document = service.contents().document(d);
                if (document.isIndex()) {
                    below(document, visited, found);
                }
                found.put(d.digest(), document);
            }
        }
    }

    private void pushBlobs(List<Descriptor> blobs) {
        try (ExecutorService threads = Executors.newFixedThreadPool(
                service.parts().transfers(),
                Thread.ofPlatform().daemon().name("push-", 0).factory())) {
            List<Future<?>> all = new ArrayList<>();
            for (Descriptor b : blobs) {
                report.item(b, State.WAITING);
                all.add(threads.submit(() -> pusher.push(b, source(b), mountable(b))));
            }
            try {
                for (Future<?> f : all) {
                    await(f);
                }
            } catch (RuntimeException | Error e) {
                cancellation.cancel();
                threads.shutdownNow();
                throw e;
            }
        }
    }

    private BlobSource source(Descriptor b) {
        return offset -> service.content().open(b.digest(), offset);
    }

    /// A repository of the same registry that has the blob.
    private Optional<Reference> mountable(Descriptor b) {
        return service.blobs().sources(b.digest()).stream()
                .map(Reference::parse)
                .filter(r -> r.domain().equals(reference.domain()))
                .findFirst();
    }

    private void put(Document document, Optional<String> tag) {
        report.item(document.descriptor(), State.UPLOADING, 0);
        pusher.putManifest(document, tag);
    }

    private static void await(Future<?> future) {
        try {
            future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KelpException(ErrorKind.CANCELLED, "the push was interrupted", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KelpException k) {
                throw k;
            }
            throw new KelpException(ErrorKind.INTERNAL, "push a blob: " + e.getCause(), e);
        }
    }
}
