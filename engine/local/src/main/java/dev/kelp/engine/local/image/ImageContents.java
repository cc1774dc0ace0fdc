// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.content.ContentStore;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.Document;
import dev.kelp.registry.DocumentReader;
import dev.kelp.registry.ImageSelector;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/// Reads indexes, manifests and configurations from the content store. What was parsed is remembered: the bytes under a
/// digest never change.
final class ImageContents {
    private static final int PARSED_MAX = 128;
    /// Of about 1 KB each.
    private static final int OUTLINES_MAX = 2048;
    /// What an image may have below it, in all its indexes together.
    static final int DOCUMENTS_MAX = 10 * DocumentReader.INDEX_ENTRIES_MAX;

    private final ContentStore content;
    private final Map<Digest, Parsed> parsed = new Recent<>(PARSED_MAX);
    private final Map<Digest, Outline> outlines = new Recent<>(OUTLINES_MAX);
    private final Map<Digest, List<Descriptor>> indexes = new Recent<>(PARSED_MAX);

    /// The last used of what can be read again. For one thread at a time.
    private static final class Recent<V> extends LinkedHashMap<Digest, V> {
        private static final long serialVersionUID = 1L;
        private final int max;

        Recent(int max) {
            super(16, 0.75f, true);
            this.max = max;
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, V> eldest) {
            return size() > max;
        }
    }

    ImageContents(ContentStore content) {
        this.content = content;
    }

    /// The image for one platform.
    ///
    /// @param descriptor of the manifest
    record Parsed(Descriptor descriptor, Manifest manifest, ImageConfig config) {
        Platform platform() {
            Platform said = descriptor.platform();
            return said != null ? said : config.platform();
        }

        /// Sizes of manifest, configuration and layers.
        long blobBytes() {
            return descriptor.size()
                    + manifest.config().size()
                    + manifest.layers().stream().mapToLong(Descriptor::size).sum();
        }
    }

    /// What lists show of an image for one platform.
    ///
    /// @param layers digests as fetched
    /// @param top name of the snapshot of all layers; empty for an image without layers
    record Outline(
            Platform platform,
            Digest manifest,
            Digest config,
            Instant created,
            long blobBytes,
            Map<String, String> labels,
            List<Digest> layers,
            Optional<String> top) {
        static Outline of(Parsed p) {
            Map<String, String> labels = p.config().execution().labels();
            List<String> chain = ChainId.of(p.config().rootfs().diffIds());
            return new Outline(
                    p.platform(),
                    p.descriptor().digest(),
                    p.manifest().config().digest(),
                    created(p.config()),
                    p.blobBytes(),
                    labels == null ? Map.of() : Map.copyOf(labels),
                    p.manifest().layers().stream().map(Descriptor::digest).toList(),
                    chain.isEmpty() ? Optional.empty() : Optional.of(chain.getLast()));
        }

        private static Instant created(ImageConfig config) {
            String said = config.created();
            if (said != null) {
                try {
                    return OffsetDateTime.parse(said).toInstant();
                } catch (DateTimeException e) {
                    return Instant.EPOCH;
                }
            }
            return Instant.EPOCH;
        }
    }

    /// An index or manifest that is here, checked.
    Document document(Descriptor descriptor) {
        byte[] bytes = content.read(descriptor, DocumentReader.MANIFEST_BYTES_MAX);
        String what = (MediaTypes.isIndex(descriptor.mediaType()) ? "index " : "manifest ") + descriptor.digest();
        return DocumentReader.read(bytes, Optional.of(descriptor.mediaType()), descriptor.digest(), what);
    }

    /// The descriptor of a manifest of which only the digest is known.
    Descriptor descriptor(Digest manifest) {
        long size = content.info(manifest).sizeBytes();
        byte[] bytes =
                content.read(Descriptor.of(MediaTypes.OCI_MANIFEST, manifest, size), DocumentReader.MANIFEST_BYTES_MAX);
        return DocumentReader.read(bytes, Optional.empty(), manifest, "manifest " + manifest)
                .descriptor();
    }

    byte[] configBytes(Manifest manifest) {
        return content.read(manifest.config(), DocumentReader.CONFIG_BYTES_MAX);
    }

    static ImageConfig config(Descriptor descriptor, byte[] bytes) {
        return OciJson.read(bytes, ImageConfig.class, "image configuration " + descriptor.digest());
    }

    /// Manifest and configuration; NOT_FOUND when either is missing.
    Parsed parse(Descriptor manifest) {
        synchronized (parsed) {
            Parsed known = parsed.get(manifest.digest());
            if (known != null && content.find(manifest.digest()).isPresent()) {
                return known;
            }
        }
        Manifest m = document(manifest).manifest();
        Parsed p = new Parsed(manifest, m, config(m.config(), configBytes(m)));
        synchronized (parsed) {
            parsed.put(manifest.digest(), p);
        }
        return p;
    }

    /// @param visited what was found below the indexes of an image that is taken in
    static void checkCount(Set<Digest> visited) {
        if (visited.size() > DOCUMENTS_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "the indexes lead to more than " + DOCUMENTS_MAX + " manifests and indexes");
        }
    }

    /// Manifests below a target, each once, those that are not here among them, in the index' order.
    List<Descriptor> manifests(Descriptor target) {
        List<Descriptor> found = new ArrayList<>();
        collect(target, 1, new HashSet<>(), found);
        return found;
    }

    private void collect(Descriptor target, int depth, Set<Digest> visited, List<Descriptor> found) {
        if (visited.size() >= DOCUMENTS_MAX || !visited.add(target.digest())) {
            return;
        }
        if (!MediaTypes.isIndex(target.mediaType())) {
            found.add(target);
            return;
        }
        if (depth > ImageSelector.DEPTH_MAX || content.find(target.digest()).isEmpty()) {
            return;
        }
        for (Descriptor d : entries(target)) {
            collect(d, depth + 1, visited, found);
        }
    }

    private List<Descriptor> entries(Descriptor index) {
        synchronized (indexes) {
            List<Descriptor> known = indexes.get(index.digest());
            if (known != null) {
                return known;
            }
        }
        List<Descriptor> read = ImageSelector.images(document(index).index());
        synchronized (indexes) {
            indexes.put(index.digest(), read);
        }
        return read;
    }

    /// The platforms of a target whose manifest, configuration and layers are all here.
    List<Parsed> complete(Descriptor target) {
        return complete(
                target,
                this::parse,
                p -> has(p.manifest().layers().stream().map(Descriptor::digest).toList()));
    }

    /// As [#complete], in less time and memory.
    List<Outline> outlines(Descriptor target) {
        return complete(target, this::outline, o -> has(o.layers()));
    }

    private <T> List<T> complete(Descriptor target, Function<Descriptor, T> read, Predicate<T> isHere) {
        List<T> found = new ArrayList<>();
        for (Descriptor d : manifests(target)) {
            if (content.find(d.digest()).isEmpty()) {
                continue;
            }
            try {
                T t = read.apply(d);
                if (isHere.test(t)) {
                    found.add(t);
                }
            } catch (KelpException e) {
                // another platform may be whole; who asks for this one is told
                if (e.kind() != ErrorKind.NOT_FOUND && e.kind() != ErrorKind.DATA_LOSS) {
                    throw e;
                }
            }
        }
        return found;
    }

    private Outline outline(Descriptor manifest) {
        synchronized (outlines) {
            Outline known = outlines.get(manifest.digest());
            if (known != null) {
                return known;
            }
        }
        Outline o = Outline.of(parse(manifest));
        synchronized (outlines) {
            outlines.put(manifest.digest(), o);
        }
        return o;
    }

    private boolean has(List<Digest> blobs) {
        return blobs.stream().allMatch(b -> content.find(b).isPresent());
    }

    /// The one to use for `wanted` among those; without an exact one the best variant it runs, as [ImageSelector]
    /// does.
    static Optional<Parsed> best(List<Parsed> images, Platform wanted) {
        Parsed best = null;
        for (Parsed p : images) {
            if (!wanted.runs(p.platform())) {
                continue;
            }
            if (p.platform().equals(wanted)) {
                return Optional.of(p);
            }
            if (best == null
                    || p.platform().toString().compareTo(best.platform().toString()) > 0) {
                best = p;
            }
        }
        return Optional.ofNullable(best);
    }
}
