// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Changes.Committed;
import dev.kelp.engine.Changes.Format;
import dev.kelp.engine.Progress;
import dev.kelp.engine.local.image.ImageContents.Parsed;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.ImageConfig.Execution;
import dev.kelp.model.oci.ImageConfig.History;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.Document;
import dev.kelp.registry.DocumentReader;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.diff.LayerCompression;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Puts an image together that is made here: from the one below and a layer on top. Visible only when it is whole:
/// blobs,
/// unpacked layers, what leads to what, and then the name.
final class NewImage {
    private final ImageService service;
    private final String namespace;
    private final Lease lease;

    /// Everything but the layers below.
    ///
    /// @param layer null: nothing changed, so there is none
    record Top(
            @Nullable NewLayer layer,
            LayerCompression compression,
            Format format,
            Execution execution,
            History history,
            String author) {}

    NewImage(ImageService service, String namespace, Lease lease) {
        this.service = service;
        this.namespace = namespace;
        this.lease = lease;
    }

    /// @param below the image it stands on; its configuration when there is none, for platform and the rest
    Committed make(
            @Nullable Parsed below, ImageConfig config, Top top, Optional<Reference> name, Snapshotter snapshotter) {
        List<Descriptor> layers = new ArrayList<>();
        List<Digest> diffIds = new ArrayList<>(config.rootfs().diffIds());
        if (below != null) {
            below.manifest().layers().forEach(l -> layers.add(retyped(l, top.format)));
        }
        NewLayer layer = top.layer;
        if (layer != null) {
            layers.add(layer.descriptor(type(top.compression, top.format)));
            diffIds.add(layer.diffId());
        }
        Descriptor newConfig = put(
                top.format == Format.OCI ? MediaTypes.OCI_CONFIG : MediaTypes.DOCKER_CONFIG,
                OciJson.write(config(config, diffIds, top)));
        Document manifest = DocumentReader.read(
                OciJson.write(Manifest.of(
                        top.format == Format.OCI ? MediaTypes.OCI_MANIFEST : MediaTypes.DOCKER_MANIFEST,
                        newConfig,
                        layers)),
                Optional.empty(),
                null,
                "the new image");
        put(manifest.descriptor().mediaType(), manifest.bytes());
        Reachability reached = new Reachability();
        reached.add(manifest);
        try (LayerIntake intake =
                new LayerIntake(service, LayerIntake.NONE, lease, new ProgressReport(Progress.NONE))) {
            intake.unpack(layers, diffIds, snapshotter)
                    .ifPresent(chain -> reached.addSnapshot(newConfig.digest(), snapshotter.name(), chain));
        }
        service.content().sync();
        reached.record(service.blobs());
        Descriptor target = manifest.descriptor();
        service.records()
                .put(
                        namespace,
                        name.map(Reference::toString).orElse(target.digest().toString()),
                        target);
        return new Committed(target.digest(), newConfig.digest());
    }

    private Descriptor put(String mediaType, byte[] bytes) {
        Descriptor d = Descriptor.of(mediaType, Digest.ofSha256(bytes), bytes.length);
        lease.retain(List.of(Nodes.blob(d.digest())));
        service.content().put(d, bytes);
        return d;
    }

    private static ImageConfig config(ImageConfig below, List<Digest> diffIds, Top top) {
        List<History> history = new ArrayList<>(below.history() == null ? List.of() : below.history());
        history.add(top.history);
        return new ImageConfig(
                top.history.created(),
                top.author.isEmpty() ? null : top.author,
                below.architecture(),
                below.os(),
                below.osVersion(),
                below.variant(),
                top.execution,
                new ImageConfig.RootFs("layers", diffIds),
                history,
                top.history.comment());
    }

    static String type(LayerCompression compression, Format format) {
        boolean oci = format == Format.OCI;
        return switch (compression) {
            case NONE -> oci ? MediaTypes.OCI_LAYER : MediaTypes.DOCKER_LAYER;
            case GZIP -> oci ? MediaTypes.OCI_LAYER_GZIP : MediaTypes.DOCKER_LAYER_GZIP;
            case ZSTD -> {
                if (!oci) {
                    throw noZstd();
                }
                yield MediaTypes.OCI_LAYER_ZSTD;
            }
        };
    }

    /// The same layer in an image of the other kind.
    static Descriptor retyped(Descriptor layer, Format format) {
        String type = switch (layer.mediaType()) {
            case MediaTypes.OCI_LAYER, MediaTypes.DOCKER_LAYER -> type(LayerCompression.NONE, format);
            case MediaTypes.OCI_LAYER_GZIP, MediaTypes.DOCKER_LAYER_GZIP -> type(LayerCompression.GZIP, format);
            case MediaTypes.OCI_LAYER_ZSTD -> type(LayerCompression.ZSTD, format);
            default -> layer.mediaType();
        };
        return new Descriptor(
                type,
                layer.digest(),
                layer.size(),
                layer.urls(),
                layer.annotations(),
                layer.platform(),
                layer.artifactType());
    }

    /// Before anything is read: fails when images of that kind have no such layers.
    static void checkPossible(LayerCompression compression, Format format) {
        type(compression, format);
    }

    private static KelpException noZstd() {
        return new KelpException(ErrorKind.INVALID_ARGUMENT, "Docker's image format has no layers packed with zstd")
                .withHint("use --format oci, or --compression gzip");
    }
}
