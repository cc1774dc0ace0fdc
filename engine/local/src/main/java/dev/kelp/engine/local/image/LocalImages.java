// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Changes.Committed;
import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.Images;
import dev.kelp.engine.Progress;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.image.ImageContents.Outline;
import dev.kelp.engine.local.image.ImageContents.Parsed;
import dev.kelp.engine.local.image.ImageLookup.Found;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.ImageRecords.ImageRecord;
import dev.kelp.engine.local.metadata.Leases;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.registry.CosignVerification;
import dev.kelp.registry.Registry;
import dev.kelp.registry.TransferListener;
import dev.kelp.registry.http.Cancellation;
import dev.kelp.registry.http.Download;
import dev.kelp.registry.http.Proxies;
import dev.kelp.snapshot.Snapshotter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The images of one namespace.
public final class LocalImages implements Images {
    private final ImageService service;
    private final String namespace;
    private final ImageLookup lookup;

    LocalImages(ImageService service, String namespace) {
        this.service = service;
        this.namespace = namespace;
        this.lookup = new ImageLookup(service, namespace);
    }

    @Override
    public Image pull(Reference reference, PullOptions options, UserEnvironment user, Progress progress) {
        new Pull(service, reference, options, user, progress).run(namespace);
        happened("pull", reference.familiar(), reference.familiar());
        return image(service.records()
                .find(namespace, reference.toString())
                .orElseThrow(
                        () -> KelpException.notFound("image `" + reference.familiar() + "` was removed meanwhile")));
    }

    @Override
    public void push(Reference reference, PushOptions options, UserEnvironment user, Progress progress) {
        Found found = lookup.get(options.source() == null ? reference.toString() : options.source());
        new Push(service, reference, user, progress, options).run(found.target());
        happened("push", reference.familiar(), reference.familiar());
    }

    @Override
    public Digest verify(Reference reference, byte[] publicKey, RegistryOptions options, UserEnvironment user) {
        return registry(options, user).cosign(CosignVerification.key(publicKey)).verify(reference);
    }

    @Override
    public List<String> remoteTags(Reference repository, RegistryOptions options, UserEnvironment user) {
        return registry(options, user).listing().tags(repository);
    }

    @Override
    public List<SearchResult> search(String term, int limit, RegistryOptions options, UserEnvironment user) {
        return registry(options, user).search().find(term, limit).stream()
                .map(r -> new SearchResult(r.name(), r.description(), r.stars(), r.official(), r.automated()))
                .toList();
    }

    private Registry registry(RegistryOptions options, UserEnvironment user) {
        return new Registry(
                service.parts().transport(),
                new RegistryAccess(user).access(options, new Cancellation(), TransferListener.NONE));
    }

    private void happened(String action, String actor, String name) {
        service.observer().happened(namespace, action, actor, name);
    }

    @Override
    public List<Image> list() {
        return service.records().list(namespace).stream()
                .map(new ImageViews(service)::image)
                .toList();
    }

    private Image image(ImageRecord r) {
        return new ImageViews(service).image(r);
    }

    @Override
    public ImageDetail inspect(String nameOrId, @Nullable Platform platform) {
        Found found = lookup.get(nameOrId);
        Parsed p = choose(found, platform, nameOrId);
        List<ImageRecord> names =
                service.records().byTarget(namespace, found.target().digest());
        List<Reference> references = names.stream()
                .filter(r -> !r.isDangling())
                .map(r -> Reference.parse(r.name()))
                .toList();
        List<String> repoDigests = references.stream()
                .map(r -> r.familiarRepository() + "@" + found.target().digest())
                .distinct()
                .toList();
        return new ImageDetail(
                image(found.first()),
                new ImageViews(service).platform(Outline.of(p)),
                p.manifest(),
                p.config(),
                service.contents().configBytes(p.manifest()),
                references,
                repoDigests);
    }

    /// The one platform of an image that is meant.
    private Parsed choose(Found found, @Nullable Platform platform, String typed) {
        List<Parsed> all = service.contents().complete(found.target());
        if (found.manifest() != null) {
            all = all.stream()
                    .filter(p -> p.descriptor().digest().equals(found.manifest()))
                    .toList();
        }
        Optional<Parsed> best = ImageContents.best(all, platform == null ? Platform.host() : platform);
        if (best.isEmpty() && platform == null && all.size() == 1) {
            best = Optional.of(all.getFirst());
        }
        String here = all.stream().map(p -> p.platform().toString()).collect(Collectors.joining(", "));
        return best.orElseThrow(() -> KelpException.notFound("image `" + typed + "` is not here for "
                        + (platform == null ? Platform.host() : platform) + " (here: "
                        + (here.isEmpty() ? "none" : here)
                        + ")")
                .withHint("pull it with --platform"));
    }

    @Override
    public Optional<Image> find(String nameOrId) {
        return lookup.find(nameOrId).map(f -> image(f.first()));
    }

    @Override
    public void tag(String source, Reference target) {
        if (target.digest().isPresent()) {
            throw KelpException.invalid("`" + target.familiar() + "` has a digest, so it cannot be given as a name");
        }
        Found found = lookup.get(source);
        Descriptor what = found.target();
        if (found.manifest() != null) {
            what = service.contents().manifests(what).stream()
                    .filter(m -> m.digest().equals(found.manifest()))
                    .findFirst()
                    .orElse(what);
        }
        service.records()
                .put(namespace, target.toString(), Descriptor.of(what.mediaType(), what.digest(), what.size()));
        happened("tag", what.digest().toString(), target.familiar());
    }

    @Override
    public void untag(String nameOrId, List<Reference> names) {
        Descriptor target = lookup.get(nameOrId).target();
        List<String> gone = service.records()
                .untag(
                        namespace,
                        target,
                        names.stream().map(Reference::toString).toList());
        gone.forEach(n ->
                happened("untag", target.digest().toString(), Reference.parse(n).familiar()));
    }

    @Override
    public void removeAll(List<String> namesOrIds, boolean force, RemovalSink sink) {
        service.awaitLeavingContainers(namespace);
        ImageRemoval removal = new ImageRemoval(service, namespace);
        List<String> typed = new ArrayList<>();
        List<ImageRemoval.Untagged> untagged = new ArrayList<>();
        List<Digest> targets = new ArrayList<>();
        try {
            for (String name : namesOrIds) {
                try {
                    Found found = lookup.get(name);
                    untagged.add(removal.untag(found, name, force));
                    targets.add(found.target().digest());
                    typed.add(name);
                } catch (KelpException e) {
                    sink.failed(name, e);
                }
            }
        } finally {
            if (!untagged.isEmpty()) {
                List<Removal> removals = removal.collect(untagged);
                for (int i = 0; i < removals.size(); i++) {
                    told(targets.get(i).toString(), removals.get(i));
                    sink.removed(typed.get(i), removals.get(i));
                }
            }
        }
    }

    private void told(String id, Removal removal) {
        removal.untagged().forEach(name -> happened("untag", id, name));
        removal.deleted().forEach(digest -> happened("delete", digest.toString(), digest.toString()));
    }

    @Override
    public void save(List<String> namesOrIds, List<Platform> platforms, OutputStream out, Progress progress) {
        List<ArchiveWriter.Item> items = namesOrIds.stream().map(this::item).toList();
        new ArchiveWriter(service, platforms, new ProgressReport(progress)).write(items, out);
        items.forEach(this::saved);
    }

    private ArchiveWriter.Item item(String nameOrId) {
        Found f = lookup.get(nameOrId);
        List<String> names =
                f.byName() && !f.first().isDangling() ? List.of(f.first().name()) : List.of();
        return new ArchiveWriter.Item(f.target(), names, null);
    }

    private void saved(ArchiveWriter.Item item) {
        String id = item.target().digest().toString();
        happened("save", id, item.names().isEmpty() ? id : item.names().getFirst());
    }

    @Override
    public void save(String nameOrId, SaveOptions options, UserEnvironment user, Progress progress) {
        ImageLocation to = options.to();
        ArchiveWriter writer = new ArchiveWriter(service, options.platforms(), new ProgressReport(progress));
        ArchiveWriter.Item item = item(nameOrId);
        String reference = to.reference();
        switch (to.transport()) {
            case OCI -> {
                try (FolderWriter folder = new FolderWriter(to, user)) {
                    writer.addTo(folder, new ArchiveWriter.Item(item.target(), item.names(), reference));
                }
            }
            case DIR -> {
                try (FolderWriter folder = new FolderWriter(to, user)) {
                    writer.writeDirectory(item.target(), folder);
                }
            }
            case OCI_ARCHIVE -> write(writer, new ArchiveWriter.Item(item.target(), item.names(), reference), to, user);
            case DOCKER_ARCHIVE -> {
                List<String> names = reference == null
                        ? item.names()
                        : List.of(Reference.parse(reference).toString());
                write(writer, new ArchiveWriter.Item(item.target(), names, null), to, user);
            }
        }
        saved(item);
    }

    private static void write(ArchiveWriter writer, ArchiveWriter.Item item, ImageLocation to, UserEnvironment user) {
        int flags = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_TRUNC;
        try (OutputStream out = Pipes.output(user.open(to.path(), flags, 0666))) {
            writer.write(List.of(item), out);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot write `" + to.path() + "`: " + e.getMessage(), e);
        }
    }

    @Override
    public Image convert(String nameOrId, Reference name, ConvertOptions options, Progress progress) {
        if (name.digest().isPresent()) {
            throw KelpException.invalid("`" + name.familiar() + "` has a digest, so it cannot be given as a name");
        }
        Found found = lookup.get(nameOrId);
        List<Parsed> chosen = new ArrayList<>();
        if (options.allPlatforms()) {
            chosen.addAll(service.contents().complete(found.target()));
        } else if (options.platforms().isEmpty()) {
            chosen.add(choose(found, null, nameOrId));
        } else {
            options.platforms().forEach(p -> chosen.add(choose(found, p, nameOrId)));
        }
        if (chosen.isEmpty()) {
            throw KelpException.notFound("content of `" + nameOrId + "` is missing")
                    .withHint("pull it again");
        }
        Descriptor made = new ImageConversion(service, options, new ProgressReport(progress))
                .run(chosen.stream().distinct().toList(), d -> service.records().put(namespace, name.toString(), d));
        happened("tag", made.digest().toString(), name.familiar());
        return image(service.records()
                .find(namespace, name.toString())
                .orElseThrow(() -> KelpException.notFound("image `" + name.familiar() + "` was removed meanwhile")));
    }

    @Override
    public List<Image> load(InputStream in, LoadOptions options, Progress progress) {
        return loaded(new Load(service, options, new ProgressReport(progress)).run(in, null, namespace));
    }

    @Override
    public List<Image> load(ImageLocation from, LoadOptions options, UserEnvironment user, Progress progress) {
        Load load = new Load(service, options, new ProgressReport(progress));
        if (from.transport().isFolder()) {
            return loaded(load.run(from, user, namespace));
        }
        try (InputStream in = Pipes.input(user.open(from.path(), Inodes.O_RDONLY, 0))) {
            return loaded(load.run(in, from.reference(), namespace));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read `" + from.path() + "`: " + e.getMessage(), e);
        }
    }

    private List<Image> loaded(List<ImageRecord> records) {
        List<Image> loaded = records.stream().map(this::image).toList();
        loaded.forEach(i -> happened("load", i.target().digest().toString(), shown(i)));
        return loaded;
    }

    private static String shown(Image image) {
        return image.reference()
                .map(Reference::familiar)
                .orElseGet(() -> image.target().digest().toString());
    }

    @Override
    public List<ImageLayer> layers(ImageDetail image) {
        List<Digest> diffIds = image.config().rootfs().diffIds();
        List<String> chain = ChainId.of(diffIds);
        List<ImageLayer> layers = new ArrayList<>();
        for (int i = 0; i < chain.size(); i++) {
            String name = chain.get(i);
            long fetched = i < image.manifest().layers().size()
                    ? image.manifest().layers().get(i).size()
                    : 0;
            long size = service.parts().snapshotters().stream()
                    .map(s -> ImageViews.committed(s, name))
                    .flatMap(Optional::stream)
                    .findFirst()
                    .map(c -> c.usage().sizeBytes())
                    .orElse(fetched);
            layers.add(new ImageLayer(name, diffIds.get(i), size));
        }
        return layers;
    }

    @Override
    public InputStream download(String url, UserEnvironment user) {
        return new Download(service.parts().transport(), Proxies.of(user.variables())).open(url);
    }

    @Override
    public Image importTree(InputStream tar, ImportOptions options, Progress progress) {
        Digest made = new TreeImport(service, options, new ProgressReport(progress))
                .run(tar, namespace)
                .image();
        Image image =
                find(made.toString()).orElseThrow(() -> KelpException.notFound("the image was removed meanwhile"));
        happened("import", made.toString(), shown(image));
        return image;
    }

    /// Makes an image of a container.
    public Committed commit(ContainerCommit.Request request) {
        return new ContainerCommit(service, namespace).run(request);
    }

    @Override
    public Pruned prune(boolean all, Predicate<Image> wanted) {
        service.awaitLeavingContainers(namespace);
        Pruned pruned = new ImagePruning(service, namespace).run(all, r -> wanted.test(image(r)));
        pruned.untagged().forEach(name -> happened("untag", name, name));
        pruned.deleted().forEach(digest -> happened("delete", digest.toString(), digest.toString()));
        return pruned;
    }

    @Override
    public List<String> login(LoginOptions options, UserEnvironment user) {
        return new RegistryAccess(user).login(options, service.parts().transport());
    }

    @Override
    public List<String> logout(String server, UserEnvironment user) {
        return new RegistryAccess(user).logout(server);
    }

    /// The image as a container would use it, unpacked now if it is not yet.
    ///
    /// @param snapshotter null: the default
    public ImageBase base(String nameOrId, @Nullable Platform platform, @Nullable String snapshotter) {
        Found found = lookup.get(nameOrId);
        Parsed p = choose(found, platform, nameOrId);
        Snapshotter s = service.snapshotter(snapshotter);
        List<Digest> diffIds = p.config().rootfs().diffIds();
        String parent = diffIds.isEmpty() ? null : ChainId.of(diffIds).getLast();
        if (parent != null && ImageViews.committed(s, parent).isEmpty()) {
            unpack(p, s);
        }
        String shown = found.byName() && !found.first().isDangling()
                ? Reference.parse(found.first().name()).familiar()
                : ImageLookup.shown(found.first());
        return new ImageBase(shown, p.descriptor().digest(), p.platform(), p.config(), parent, s.name());
    }

    /// As [#base], and it stays here until the answer is closed: whoever records a container of it in between need
    /// not
    /// fear that somebody removes the image.
    public ImageBase.Held hold(String nameOrId, @Nullable Platform platform, @Nullable String snapshotter) {
        while (true) {
            ImageBase base = base(nameOrId, platform, snapshotter);
            List<String> nodes = new ArrayList<>(List.of(Nodes.blob(base.digest())));
            if (base.parent() != null) {
                nodes.add(Nodes.snapshot(base.snapshotter(), base.parent()));
            }
            Leases.Pin pin = service.parts().leases().pin(nodes);
            if (service.content().find(base.digest()).isPresent()) {
                return new ImageBase.Held(base, pin);
            }
            // a collection was faster
            pin.close();
        }
    }

    private void unpack(Parsed p, Snapshotter s) {
        Lease lease = service.parts().leases().open(GarbageCollector.PARTIAL_LIFE);
        lease.retain(List.of(Nodes.blob(p.descriptor().digest())));
        Reachability reached = new Reachability();
        try (Turns.Turn _ = service.turns().take(p.descriptor().digest().toString(), () -> {});
                LayerIntake intake =
                        new LayerIntake(service, LayerIntake.NONE, lease, new ProgressReport(Progress.NONE))) {
            intake.unpack(p.manifest().layers(), p.config().rootfs().diffIds(), s)
                    .ifPresent(
                            chain -> reached.addSnapshot(p.manifest().config().digest(), s.name(), chain));
            reached.record(service.blobs());
        } finally {
            lease.release();
        }
        service.settle();
    }
}
