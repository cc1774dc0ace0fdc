// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.content.ContentStore;
import dev.kelp.engine.Progress.State;
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
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.ImageSelector;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Writes images as a tar that is an OCI image layout and, by its `manifest.json`, a Docker archive over the same
/// blobs.
/// An index keeps its digest: platforms that are left out are entries without content.
final class ArchiveWriter {
    /// The annotation by which containerd, Docker, nerdctl and Podman find the whole name.
    static final String NAME = "io.containerd.image.name";
    /// The annotation of the image specification; its value is the tag.
    static final String REF_NAME = "org.opencontainers.image.ref.name";

    private final ImageService service;
    private final ContentStore content;
    private final List<Platform> platforms;
    private final ProgressReport report;

    /// An image and the names to give it.
    ///
    /// @param tag null: what the names say; else the layout's name for it, and those are Docker's alone
    record Item(
            Descriptor target, List<String> names, @Nullable String tag) {}

    /// One entry of Docker's `manifest.json`.
    record DockerEntry(
            @com.fasterxml.jackson.annotation.JsonProperty("Config")
            String config,

            @com.fasterxml.jackson.annotation.JsonProperty("RepoTags")
            List<String> repoTags,

            @com.fasterxml.jackson.annotation.JsonProperty("Layers")
            List<String> layers) {}

    ArchiveWriter(ImageService service, List<Platform> platforms, ProgressReport report) {
        this.service = service;
        this.content = service.content();
        this.platforms = platforms;
        this.report = report;
    }

    /// Writes and flushes, but does not close.
    void write(List<Item> items, OutputStream to) {
        TarWriter tar = new TarWriter(new BufferedOutputStream(to, 128 << 10));
        write(items, tar, (index, docker) -> {
            tar.file("index.json", OciJson.write(Index.of(index)));
            tar.file("manifest.json", OciJson.write(docker));
        });
    }

    /// Adds an image to an OCI layout, which may be there.
    void addTo(FolderWriter layout, Item item) {
        write(List.of(item), layout, (index, docker) -> layout.index(index));
    }

    /// Writes the lists of what there is, when all of it is there.
    private interface Listing {
        void write(List<Descriptor> index, List<DockerEntry> docker) throws IOException;
    }

    private void write(List<Item> items, ImageTarget to, Listing listing) {
        List<String> nodes =
                items.stream().map(i -> Nodes.blob(i.target().digest())).toList();
        try (Leases.Pin _ = service.parts().leases().pin(nodes)) {
            Map<Digest, Descriptor> blobs = new LinkedHashMap<>();
            Map<Digest, Set<String>> names = new LinkedHashMap<>();
            Map<Digest, Descriptor> targets = new LinkedHashMap<>();
            Map<Digest, Parsed> shown = new LinkedHashMap<>();
            for (Item item : items) {
                Digest target = item.target().digest();
                names.computeIfAbsent(target, k -> new LinkedHashSet<>()).addAll(item.names());
                if (targets.putIfAbsent(target, item.target()) == null) {
                    shown.put(target, gather(item.target(), blobs));
                }
            }
            to.file("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.US_ASCII));
            writeBlobs(to, blobs);
            listing.write(entries(targets, names, items), dockerEntries(shown, names));
            to.end();
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "write the archive: " + e, e);
        }
    }

    /// Writes the files of one platform as containers/image's `dir:` has them.
    void writeDirectory(Descriptor target, FolderWriter to) {
        try (Leases.Pin _ = service.parts().leases().pin(List.of(Nodes.blob(target.digest())))) {
            Parsed p = gather(target, new LinkedHashMap<>());
            to.file("version", (FolderWriter.DIRECTORY_VERSION + ": 1.1\n").getBytes(StandardCharsets.US_ASCII));
            for (Descriptor d : p.manifest().layers()) {
                writeBlob(to, d.digest().hex(), d);
            }
            writeBlob(to, p.manifest().config().digest().hex(), p.manifest().config());
            to.file("manifest.json", service.contents().document(p.descriptor()).bytes());
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "write the image: " + e, e);
        }
    }

    /// Adds an image's blobs and chooses the platform that tools without platforms see.
    private Parsed gather(Descriptor target, Map<Digest, Descriptor> blobs) {
        List<Parsed> here = service.contents().complete(target);
        List<Parsed> chosen = here;
        if (!platforms.isEmpty()) {
            chosen = new ArrayList<>();
            for (Platform p : platforms) {
                chosen.add(ImageContents.best(here, p)
                        .orElseThrow(
                                () -> KelpException.notFound("image " + target.digest() + " is not here for " + p)));
            }
        }
        if (chosen.isEmpty()) {
            throw KelpException.notFound("image " + target.digest() + " is not here for any platform");
        }
        addIndexes(target, 1, blobs);
        for (Parsed p : chosen) {
            blobs.put(p.descriptor().digest(), p.descriptor());
            blobs.put(p.manifest().config().digest(), p.manifest().config());
            p.manifest().layers().forEach(l -> blobs.put(l.digest(), l));
        }
        return ImageContents.best(chosen, Platform.host()).orElse(chosen.getFirst());
    }

    private void addIndexes(Descriptor target, int depth, Map<Digest, Descriptor> blobs) {
        if (depth <= ImageSelector.DEPTH_MAX
                && MediaTypes.isIndex(target.mediaType())
                && content.find(target.digest()).isPresent()
                && blobs.putIfAbsent(target.digest(), target) == null) {
            service.contents().document(target).index().manifests().forEach(d -> addIndexes(d, depth + 1, blobs));
        }
    }

    private void writeBlobs(ImageTarget to, Map<Digest, Descriptor> blobs) throws IOException {
        to.directory("blobs/");
        for (String algorithm :
                blobs.keySet().stream().map(Digest::algorithm).distinct().toList()) {
            to.directory("blobs/" + algorithm + "/");
        }
        for (Descriptor d : blobs.values()) {
            writeBlob(to, path(d), d);
        }
    }

    private void writeBlob(ImageTarget to, String path, Descriptor d) throws IOException {
        report.item(d, State.UPLOADING, 0);
        try (InputStream in = content.openVerified(d)) {
            to.file(path, d.size(), in);
        }
        report.item(d, State.DONE);
    }

    private static String path(Descriptor d) {
        return "blobs/" + d.digest().algorithm() + "/" + d.digest().hex();
    }

    private static List<Descriptor> entries(
            Map<Digest, Descriptor> targets, Map<Digest, Set<String>> names, List<Item> items) {
        List<Descriptor> entries = new ArrayList<>();
        String tag = items.size() == 1 ? items.getFirst().tag() : null;
        if (tag != null) {
            return List.of(items.getFirst().target().withAnnotations(Map.of(REF_NAME, tag)));
        }
        targets.forEach((digest, target) -> {
            Set<String> all = names.getOrDefault(digest, Set.of());
            if (all.isEmpty()) {
                entries.add(target);
            }
            for (String name : all) {
                Map<String, String> annotations = new LinkedHashMap<>();
                annotations.put(NAME, name);
                Reference.parse(name).tag().ifPresent(t -> annotations.put(REF_NAME, t));
                entries.add(target.withAnnotations(annotations));
            }
        });
        return entries;
    }

    private static List<DockerEntry> dockerEntries(Map<Digest, Parsed> shown, Map<Digest, Set<String>> names) {
        List<DockerEntry> entries = new ArrayList<>();
        shown.forEach((digest, p) -> entries.add(new DockerEntry(
                path(p.manifest().config()),
                names.getOrDefault(digest, Set.of()).stream()
                        .map(Reference::parse)
                        .filter(r -> r.digest().isEmpty())
                        .map(Reference::familiar)
                        .toList(),
                p.manifest().layers().stream().map(ArchiveWriter::path).toList())));
        return entries;
    }
}
