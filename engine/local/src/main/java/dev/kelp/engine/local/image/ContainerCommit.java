// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Changes.CommitOptions;
import dev.kelp.engine.Changes.Committed;
import dev.kelp.engine.Changes.Compression;
import dev.kelp.engine.Changes.Format;
import dev.kelp.engine.local.image.ImageContents.Parsed;
import dev.kelp.engine.local.image.config.ConfigChanges;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.oci.ImageConfig.Execution;
import dev.kelp.model.oci.ImageConfig.History;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.snapshot.ChangedTree;
import dev.kelp.snapshot.diff.Differ;
import dev.kelp.snapshot.diff.Exclusions;
import dev.kelp.snapshot.diff.LayerCompression;
import dev.kelp.snapshot.diff.ShownOwners;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One commit: a container's changes become a layer, and its settings the configuration.
public final class ContainerCommit {
    private final ImageService service;
    private final String namespace;

    /// What is committed.
    ///
    /// @param image the manifest the container runs
    /// @param execution its settings, before the changes the user asks for
    /// @param command what it runs, for the history
    /// @param frozen runs the reading of the files while they stand still, and fails when the container was removed
    ///     meanwhile
    /// @param owners whom the layer names as owners
    /// @param warn takes a sentence for the user
    public record Request(
            Digest image,
            ChangedTree tree,
            Exclusions exclusions,
            Execution execution,
            String command,
            String snapshotter,
            CommitOptions options,
            Consumer<Runnable> frozen,
            ShownOwners owners,
            Consumer<String> warn) {}

    ContainerCommit(ImageService service, String namespace) {
        this.service = service;
        this.namespace = namespace;
    }

    Committed run(Request r) {
        CommitOptions options = r.options;
        Execution execution = ConfigChanges.apply(r.execution, options.changes());
        Lease lease = service.parts().leases().open(GarbageCollector.PARTIAL_LIFE);
        try {
            lease.retain(List.of(Nodes.blob(r.image)));
            Parsed below = service.contents().parse(service.contents().descriptor(r.image));
            Format format = options.format().orElseGet(() -> formatOf(below));
            below.manifest().layers().forEach(l -> NewImage.retyped(l, format));
            LayerCompression compression = compression(options.compression());
            NewImage.checkPossible(compression, format);
            NewLayer layer = layer(r, compression, lease);
            String message = options.message().isEmpty() ? null : options.message();
            String author = options.author().isEmpty() ? null : options.author();
            return new NewImage(service, namespace, lease)
                    .make(
                            below,
                            below.config(),
                            new NewImage.Top(
                                    layer,
                                    compression,
                                    format,
                                    execution,
                                    new History(
                                            Instant.now().toString(),
                                            r.command,
                                            author,
                                            message,
                                            layer == null ? true : null),
                                    options.author()),
                            options.name(),
                            service.snapshotter(r.snapshotter));
        } finally {
            lease.release();
        }
    }

    /// Null when nothing was changed.
    private @Nullable NewLayer layer(Request r, LayerCompression compression, Lease lease) {
        List<Differ.Written> written = new ArrayList<>();
        List<NewLayer> made = new ArrayList<>();
        r.frozen.accept(() -> made.add(NewLayer.store(
                service.content(),
                lease,
                compression,
                null,
                out -> written.add(new Differ(r.exclusions, r.owners).writeLayer(r.tree, out)))));
        long leftOut = written.getFirst().leftOut();
        if (leftOut > 0) {
            r.warn.accept(leftOut + " files whose names begin with `.wh.` are left out: in a layer these mean that"
                    + " something is gone");
        }
        return written.getFirst().entries() == 0 ? null : made.getFirst();
    }

    private static Format formatOf(Parsed below) {
        return MediaTypes.DOCKER_MANIFEST.equals(below.descriptor().mediaType()) ? Format.DOCKER : Format.OCI;
    }

    private static LayerCompression compression(Compression c) {
        return switch (c) {
            case UNCOMPRESSED -> LayerCompression.NONE;
            case GZIP -> LayerCompression.GZIP;
            case ZSTD -> LayerCompression.ZSTD;
        };
    }
}
