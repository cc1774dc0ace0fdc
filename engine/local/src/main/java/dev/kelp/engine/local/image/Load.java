// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.kelp.content.ContentStore;
import dev.kelp.engine.ImageLocation;
import dev.kelp.engine.Images.LoadOptions;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.image.ImageContents.Parsed;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.ImageRecords.ImageRecord;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.Document;
import dev.kelp.registry.DocumentReader;
import dev.kelp.registry.ImageSelector;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.layer.Decompression;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// One load: an OCI image layout, or a Docker archive when there is no `index.json`. An archive that is both is read as
/// a layout and takes names from either.
final class Load {
    private final ImageService service;
    private final ContentStore content;
    private final LoadOptions options;
    private final ProgressReport report;
    private final Reachability reached = new Reachability();

    /// Where the images come from.
    ///
    /// @param reference which of them; null: all
    /// @param folder names those without a whole name, a tag to follow; null: they get none
    private record Origin(
            @Nullable String reference, @Nullable String folder) {}

    /// Takes in the blobs.
    private interface Reading {
        ImageFiles read(BlobIntake intake);
    }

    /// An entry of Docker's `manifest.json`.
    record DockerImage(
            @JsonProperty("Config") @Nullable String config,
            @JsonProperty("RepoTags") @Nullable List<String> repoTags,
            @JsonProperty("Layers") @Nullable List<String> layers) {
        List<String> tags() {
            return repoTags == null ? List.of() : repoTags;
        }
    }

    Load(ImageService service, LoadOptions options, ProgressReport report) {
        this.service = service;
        this.content = service.content();
        this.options = options;
        this.report = report;
    }

    /// @param reference which image of the archive; null: all
    List<ImageRecord> run(InputStream in, @Nullable String reference, String namespace) {
        return run(
                new Origin(reference, null),
                intake -> {
                    ArchiveReader archive = new ArchiveReader(intake);
                    archive.read(in);
                    return archive;
                },
                namespace);
    }

    /// From a folder.
    List<ImageRecord> run(ImageLocation from, UserEnvironment user, String namespace) {
        return run(
                new Origin(from.reference(), folderName(from)),
                intake -> {
                    FolderReader folder = new FolderReader(service.contents(), intake, from, user);
                    folder.read();
                    return folder;
                },
                namespace);
    }

    /// As Podman names what comes from a folder; null where the path makes no name.
    private static @Nullable String folderName(ImageLocation from) {
        try {
            String path = Path.of(from.path()).normalize().toString().replaceFirst("^[./]+", "");
            return Reference.parse("localhost/" + path).repository();
        } catch (KelpException | InvalidPathException e) {
            return null;
        }
    }

    private List<ImageRecord> run(Origin origin, Reading reading, String namespace) {
        Lease lease = service.parts().leases().open(GarbageCollector.PARTIAL_LIFE);
        try {
            ImageFiles archive = reading.read(new BlobIntake(content, lease));
            Map<Descriptor, Set<String>> images = images(archive, origin, lease);
            if (images.isEmpty() && origin.reference() != null) {
                throw KelpException.notFound("there is no image `" + origin.reference() + "` in it");
            }
            if (images.isEmpty()) {
                throw KelpException.invalid("the archive has neither an `index.json` with images nor a `manifest.json`")
                        .withHint("archives of a container's files are read by `import`, not by `load`");
            }
            images.keySet().forEach(t -> take(t, lease));
            content.sync();
            reached.record(service.blobs());
            return name(images, namespace);
        } finally {
            // what got no name has nothing to wait for: a stream cannot be resumed
            lease.release();
            service.settle();
        }
    }

    private Map<Descriptor, Set<String>> images(ImageFiles archive, Origin origin, Lease lease) {
        List<DockerImage> docker = archive.document("manifest.json")
                .map(b -> List.of(OciJson.read(b, DockerImage[].class, "`manifest.json` of the archive")))
                .orElse(List.of());
        Optional<byte[]> index = archive.document("index.json");
        if (index.isPresent()) {
            Map<Descriptor, Set<String>> found = layout(index.get(), archive, docker, origin);
            if (!found.isEmpty()) {
                return found;
            }
        }
        Map<Descriptor, Set<String>> found = new LinkedHashMap<>();
        for (DockerImage d : docker) {
            List<String> names = d.tags().stream()
                    .filter(t -> origin.reference() == null || isSame(t, origin.reference()))
                    .toList();
            if (origin.reference() == null || !names.isEmpty()) {
                found.computeIfAbsent(manifest(d, archive, lease), k -> new LinkedHashSet<>())
                        .addAll(names);
            }
        }
        return found;
    }

    /// Whether two ways of writing are one name.
    private static boolean isSame(String name, String asked) {
        try {
            return name.equals(asked) || Reference.parse(name).equals(Reference.parse(asked));
        } catch (KelpException e) {
            return false;
        }
    }

    static boolean isImage(Descriptor d) {
        return MediaTypes.isIndex(d.mediaType()) || MediaTypes.isManifest(d.mediaType());
    }

    /// Whether an entry of a layout is the one that was asked for by its tag or whole name.
    static boolean isMeant(Descriptor d, @Nullable String reference) {
        Map<String, String> annotations = d.annotations() == null ? Map.of() : d.annotations();
        return reference == null
                || Stream.of(ArchiveWriter.NAME, ArchiveWriter.REF_NAME)
                        .map(annotations::get)
                        .anyMatch(name -> name != null && isSame(name, reference));
    }

    private Map<Descriptor, Set<String>> layout(
            byte[] bytes, ImageFiles archive, List<DockerImage> docker, Origin origin) {
        Index index = OciJson.read(bytes, Index.class, "`index.json` of the archive");
        Map<Digest, List<String>> dockerTags = new HashMap<>();
        for (DockerImage d : docker) {
            if (d.config() != null) {
                dockerTags.put(archive.file(d.config()).digest(), d.tags());
            }
        }
        Map<Descriptor, Set<String>> found = new LinkedHashMap<>();
        List<Descriptor> meant = index.manifests().stream()
                .filter(d -> isImage(d) && isMeant(d, origin.reference()))
                .toList();
        boolean isAlone = meant.size() == 1;
        for (Descriptor d : meant) {
            Descriptor target = Descriptor.of(d.mediaType(), d.digest(), d.size());
            Set<String> names = found.computeIfAbsent(target, k -> new LinkedHashSet<>());
            Optional<String> name = name(d).or(() -> isAlone || hasTag(d) ? folderName(d, origin) : Optional.empty());
            name.ifPresent(names::add);
            if (name.isEmpty()) {
                service.contents().complete(target).stream()
                        .map(p -> dockerTags.get(p.manifest().config().digest()))
                        .filter(Objects::nonNull)
                        .forEach(names::addAll);
            }
        }
        return found;
    }

    /// The whole name that annotations give; a bare tag is none.
    private static Optional<String> name(Descriptor d) {
        Map<String, String> annotations = d.annotations() == null ? Map.of() : d.annotations();
        String whole = annotations.get(ArchiveWriter.NAME);
        String ref = annotations.get(ArchiveWriter.REF_NAME);
        if (whole != null && !whole.isEmpty()) {
            return Optional.of(whole);
        }
        return Optional.ofNullable(ref).filter(r -> r.indexOf('/') >= 0 || r.indexOf(':') >= 0);
    }

    private static boolean hasTag(Descriptor d) {
        return d.annotations() != null && d.annotations().containsKey(ArchiveWriter.REF_NAME);
    }

    /// The folder's with the entry's tag; several without a tag would take it from each other.
    private static Optional<String> folderName(Descriptor d, Origin origin) {
        if (origin.folder() == null) {
            return Optional.empty();
        }
        Map<String, String> annotations = d.annotations() == null ? Map.of() : d.annotations();
        String tag = annotations.getOrDefault(ArchiveWriter.REF_NAME, "latest");
        try {
            return Optional.of(Reference.parse(origin.folder()).withTag(tag).toString());
        } catch (KelpException e) {
            return Optional.empty();
        }
    }

    /// Writes the manifest that a Docker archive lacks.
    private Descriptor manifest(DockerImage image, ImageFiles archive, Lease lease) {
        if (image.config() == null || image.layers() == null) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS, "an image in the archive's `manifest.json` lacks `Config` or `Layers`");
        }
        ImageFiles.Stored config = archive.file(image.config());
        List<Descriptor> layers = new ArrayList<>();
        for (String path : image.layers()) {
            ImageFiles.Stored l = archive.file(path);
            layers.add(Descriptor.of(layerType(l.digest()), l.digest(), l.sizeBytes()));
        }
        byte[] bytes = OciJson.write(Manifest.of(
                MediaTypes.OCI_MANIFEST,
                Descriptor.of(MediaTypes.OCI_CONFIG, config.digest(), config.sizeBytes()),
                layers));
        Document document = DocumentReader.read(bytes, Optional.empty(), null, "the archive's image");
        lease.retain(List.of(Nodes.blob(document.descriptor().digest())));
        content.put(document.descriptor(), bytes);
        return document.descriptor();
    }

    private String layerType(Digest layer) {
        try (InputStream in = content.open(layer)) {
            return switch (Decompression.detect(in.readNBytes(Decompression.MAGIC_BYTES))) {
                case GZIP -> MediaTypes.OCI_LAYER_GZIP;
                case ZSTD -> MediaTypes.OCI_LAYER_ZSTD;
                case NONE -> MediaTypes.OCI_LAYER;
            };
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "read blob " + layer + ": " + e, e);
        }
    }

    /// Checks that there is something complete below the target, records what leads to what, unpacks.
    private void take(Descriptor target, Lease lease) {
        add(target, 1, new HashSet<>());
        List<Parsed> here = service.contents().complete(target);
        for (Platform p : options.platforms()) {
            if (ImageContents.best(here, p).isEmpty()) {
                throw KelpException.notFound("image " + target.digest() + " in the archive is not for " + p);
            }
        }
        if (here.isEmpty()) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS,
                    "image " + target.digest() + " in the archive is not complete for any platform");
        }
        if (!options.unpack()) {
            return;
        }
        List<Platform> wanted = options.platforms().isEmpty() ? List.of(Platform.host()) : options.platforms();
        Snapshotter snapshotter = service.snapshotter(options.snapshotter());
        try (LayerIntake intake = new LayerIntake(service, LayerIntake.NONE, lease, report)) {
            for (Platform w : wanted) {
                ImageContents.best(here, w).ifPresent(p -> unpack(p, intake, snapshotter));
            }
        }
    }

    private void unpack(Parsed p, LayerIntake intake, Snapshotter snapshotter) {
        if (p.manifest().layers().stream().allMatch(l -> MediaTypes.isLayer(l.mediaType()))) {
            intake.unpack(p.manifest().layers(), p.config().rootfs().diffIds(), snapshotter)
                    .ifPresent(
                            chain -> reached.addSnapshot(p.manifest().config().digest(), snapshotter.name(), chain));
        }
        report.item(p.descriptor(), State.DONE);
    }

    private void add(Descriptor d, int depth, Set<Digest> visited) {
        if (!visited.add(d.digest()) || content.find(d.digest()).isEmpty()) {
            return;
        }
        ImageContents.checkCount(visited);
        Document document = service.contents().document(d);
        reached.add(document);
        if (document.isIndex() && depth < ImageSelector.DEPTH_MAX) {
            document.index().manifests().stream()
                    .filter(m -> MediaTypes.isIndex(m.mediaType()) || MediaTypes.isManifest(m.mediaType()))
                    .forEach(m -> add(m, depth + 1, visited));
        }
    }

    private List<ImageRecord> name(Map<Descriptor, Set<String>> images, String namespace) {
        List<ImageRecord> records = new ArrayList<>();
        images.forEach((target, names) -> {
            if (names.isEmpty()
                    && service.records().byTarget(namespace, target.digest()).isEmpty()) {
                service.records().put(namespace, target.digest().toString(), target);
            }
            for (String name : names) {
                service.records().put(namespace, Reference.parse(name).toString(), target);
            }
            records.addAll(service.records().byTarget(namespace, target.digest()).stream()
                    .filter(r -> names.isEmpty()
                            || names.stream()
                                    .anyMatch(n -> Reference.parse(n).toString().equals(r.name())))
                    .toList());
        });
        return records;
    }
}
