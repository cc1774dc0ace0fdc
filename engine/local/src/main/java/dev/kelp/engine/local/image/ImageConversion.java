// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Changes.Format;
import dev.kelp.engine.Images.ConvertOptions;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.local.image.ImageContents.Parsed;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.Document;
import dev.kelp.registry.DocumentReader;
import dev.kelp.snapshot.diff.LayerCompression;
import dev.kelp.snapshot.layer.Decompression;
import dev.kelp.snapshot.layer.UnpackLimits;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Makes another image of the same files: with other media types, or with its layers packed in another way. The
/// configuration stays as it is, so what is unpacked serves both.
final class ImageConversion {
    private final ImageService service;
    private final ConvertOptions options;
    private final ProgressReport report;
    private final Reachability reached = new Reachability();
    private final Map<Digest, Descriptor> converted = new HashMap<>();

    ImageConversion(ImageService service, ConvertOptions options, ProgressReport report) {
        this.service = service;
        this.options = options;
        this.report = report;
    }

    /// @param chosen what is converted, one for each platform
    /// @param made given the new image before what keeps it here ends
    Descriptor run(List<Parsed> chosen, Consumer<Descriptor> made) {
        Lease lease = service.parts().leases().open(GarbageCollector.PARTIAL_LIFE);
        try {
            chosen.forEach(p -> lease.retain(List.of(Nodes.blob(p.descriptor().digest()))));
            List<Descriptor> manifests = new ArrayList<>();
            for (Parsed p : chosen) {
                manifests.add(convert(p, lease).withPlatform(p.platform()));
            }
            Descriptor top = manifests.size() == 1
                    ? plain(manifests.getFirst())
                    : put(OciJson.write(index(manifests)), "the new index", lease);
            service.content().sync();
            reached.record(service.blobs());
            made.accept(top);
            return top;
        } finally {
            lease.release();
        }
    }

    private static Descriptor plain(Descriptor d) {
        return Descriptor.of(d.mediaType(), d.digest(), d.size());
    }

    private static Index index(List<Descriptor> manifests) {
        boolean docker = manifests.stream().allMatch(m -> m.mediaType().equals(MediaTypes.DOCKER_MANIFEST));
        return new Index(2, docker ? MediaTypes.DOCKER_INDEX : MediaTypes.OCI_INDEX, null, manifests, null, null);
    }

    private Descriptor convert(Parsed p, Lease lease) {
        boolean docker = p.descriptor().mediaType().equals(MediaTypes.DOCKER_MANIFEST);
        Format format = options.oci() || !docker ? Format.OCI : Format.DOCKER;
        LayerCompression wanted = wanted();
        if (wanted != null) {
            NewImage.checkPossible(wanted, format);
        }
        List<Descriptor> layers = p.manifest().layers();
        List<Digest> diffIds = p.config().rootfs().diffIds();
        if (layers.size() != diffIds.size()) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS,
                    "manifest " + p.descriptor().digest() + " has " + layers.size() + " layers, its configuration "
                            + diffIds.size());
        }
        List<Descriptor> all = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            Descriptor layer = NewImage.retyped(layers.get(i), format);
            all.add(wanted == null ? layer : repacked(layer, diffIds.get(i), format, lease));
        }
        Descriptor config = p.manifest().config();
        String type = format == Format.OCI ? MediaTypes.OCI_CONFIG : MediaTypes.DOCKER_CONFIG;
        Manifest manifest = new Manifest(
                2,
                format == Format.OCI ? MediaTypes.OCI_MANIFEST : MediaTypes.DOCKER_MANIFEST,
                null,
                Descriptor.of(type, config.digest(), config.size()),
                all,
                null,
                p.manifest().annotations());
        return put(OciJson.write(manifest), "the new manifest", lease);
    }

    /// Null: layers stay as they are.
    private @Nullable LayerCompression wanted() {
        return options.compression()
                .map(c -> switch (c) {
                    case UNCOMPRESSED -> LayerCompression.NONE;
                    case GZIP -> LayerCompression.GZIP;
                    case ZSTD -> LayerCompression.ZSTD;
                })
                .orElse(null);
    }

    private Descriptor repacked(Descriptor layer, Digest diffId, Format format, Lease lease) {
        LayerCompression wanted = wanted();
        if (wanted == null || !MediaTypes.isLayer(layer.mediaType())) {
            return layer;
        }
        Descriptor known = converted.get(layer.digest());
        if (known != null) {
            return known;
        }
        report.item(layer, State.WAITING);
        NewLayer made = NewLayer.store(service.content(), lease, wanted, options.level(), out -> {
            try (InputStream in =
                    Decompression.open(service.content().openVerified(plain(layer)), UnpackLimits.DEFAULT)) {
                in.transferTo(out);
            } catch (IOException e) {
                throw new KelpException(
                        ErrorKind.DATA_LOSS, "unpack layer " + layer.digest() + ": " + e.getMessage(), e);
            }
        });
        if (!made.diffId().equals(diffId)) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS, "layer " + layer.digest() + " is not what its configuration says");
        }
        report.item(layer, State.DONE);
        Descriptor result = made.descriptor(NewImage.type(wanted, format));
        converted.put(layer.digest(), result);
        return result;
    }

    private Descriptor put(byte[] bytes, String what, Lease lease) {
        Document document = DocumentReader.read(bytes, Optional.empty(), null, what);
        Descriptor d = document.descriptor();
        lease.retain(List.of(Nodes.blob(d.digest())));
        service.content().put(d, document.bytes());
        reached.add(document);
        return d;
    }
}
