// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.content.Ingest;
import dev.kelp.engine.Changes.Committed;
import dev.kelp.engine.Changes.Format;
import dev.kelp.engine.Images.ImportOptions;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.local.image.config.ConfigChanges;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.ImageConfig.Execution;
import dev.kelp.model.oci.ImageConfig.History;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.diff.LayerCompression;
import dev.kelp.snapshot.layer.Decompression;
import dev.kelp.snapshot.layer.UnpackLimits;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;

/// One import: a tar becomes the only layer of an image. A compressed one is kept as it is, another is packed. It is
/// unpacked before the image gets its name, so what is no tar, or a hostile one, leaves nothing.
final class TreeImport {
    private static final int BUFFER_BYTES = 128 << 10;

    private final ImageService service;
    private final ImportOptions options;
    private final ProgressReport report;

    TreeImport(ImageService service, ImportOptions options, ProgressReport report) {
        this.service = service;
        this.options = options;
        this.report = report;
    }

    Committed run(InputStream tar, String namespace) {
        Platform platform = options.platform() == null ? Platform.host() : options.platform();
        Execution execution = ConfigChanges.apply(Execution.EMPTY, options.changes());
        Snapshotter snapshotter = service.snapshotter(options.snapshotter());
        Lease lease = service.parts().leases().open(GarbageCollector.PARTIAL_LIFE);
        try {
            BufferedInputStream in = new BufferedInputStream(tar, BUFFER_BYTES);
            LayerCompression compression = detect(in);
            NewLayer layer = compression == LayerCompression.NONE ? packed(in, lease) : kept(in, lease);
            LayerCompression stored = compression == LayerCompression.NONE ? LayerCompression.GZIP : compression;
            report.item(layer.descriptor(MediaTypes.OCI_LAYER), State.DONE);
            String now = Instant.now().toString();
            ImageConfig empty = new ImageConfig(
                    now,
                    null,
                    platform.architecture(),
                    platform.os(),
                    null,
                    platform.variant(),
                    execution,
                    new ImageConfig.RootFs("layers", List.of()),
                    null,
                    null);
            String message = options.message().isEmpty() ? null : options.message();
            return new NewImage(service, namespace, lease)
                    .make(
                            null,
                            empty,
                            new NewImage.Top(
                                    layer,
                                    stored,
                                    Format.OCI,
                                    execution,
                                    new History(now, null, null, message, null),
                                    ""),
                            options.name(),
                            snapshotter);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "read the archive: " + e.getMessage(), e);
        } finally {
            lease.release();
        }
    }

    private static LayerCompression detect(BufferedInputStream in) throws IOException {
        in.mark(Decompression.MAGIC_BYTES);
        byte[] start = in.readNBytes(Decompression.MAGIC_BYTES);
        in.reset();
        if (start.length == 0) {
            throw KelpException.invalid("the archive is empty");
        }
        if (startsWith(start, 'B', 'Z', 'h') || startsWith(start, 0xfd, '7', 'z')) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "the archive is compressed with bzip2 or xz")
                    .withHint("unpack it on the way: xz -dc FILE | kelp import -");
        }
        return switch (Decompression.detect(start)) {
            case NONE -> LayerCompression.NONE;
            case GZIP -> LayerCompression.GZIP;
            case ZSTD -> LayerCompression.ZSTD;
        };
    }

    private static boolean startsWith(byte[] start, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            if (i >= start.length || (start[i] & 0xff) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    private NewLayer packed(InputStream in, Lease lease) {
        return NewLayer.store(service.content(), lease, LayerCompression.GZIP, null, in::transferTo);
    }

    /// Stores the bytes as they come; the digest of what they unpack to is found on the way.
    private NewLayer kept(InputStream in, Lease lease) throws IOException {
        try (Ingest ingest = service.content().begin()) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                ingest.write(buffer, 0, n);
            }
            MessageDigest diffId = Digest.newSha256();
            try (InputStream plain = Decompression.open(ingest.openWritten(), UnpackLimits.DEFAULT)) {
                for (int n = plain.read(buffer); n >= 0; n = plain.read(buffer)) {
                    diffId.update(buffer, 0, n);
                }
            }
            lease.retain(List.of(Nodes.blob(ingest.digest())));
            long size = ingest.offset();
            return new NewLayer(ingest.commit().digest(), size, Digest.finish("sha256", diffId.digest()));
        }
    }
}
