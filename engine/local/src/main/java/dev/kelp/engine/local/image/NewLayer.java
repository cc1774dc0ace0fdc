// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.content.ContentStore;
import dev.kelp.content.Ingest;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.snapshot.diff.LayerCompression;
import java.io.IOException;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A layer that was made here: written once, and on the way hashed, packed, hashed again and stored.
///
/// @param diffId digest before packing
record NewLayer(Digest blob, long sizeBytes, Digest diffId) {

    /// Writes the tar.
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /// Makes the blob; the lease holds it. When anything fails nothing is left.
    ///
    /// @param level null: the usual one
    static NewLayer store(
            ContentStore store, Lease lease, LayerCompression compression, @Nullable Integer level, Content content) {
        MessageDigest diffId = Digest.newSha256();
        try (Ingest ingest = store.begin()) {
            try (Handover handover = new Handover("layer-pack", in -> pack(in, ingest, compression, level));
                    DigestOutputStream out = new DigestOutputStream(handover, diffId)) {
                content.writeTo(out);
                handover.finish();
            }
            lease.retain(List.of(Nodes.blob(ingest.digest())));
            long size = ingest.offset();
            Digest blob = ingest.commit().digest();
            return new NewLayer(blob, size, Digest.finish("sha256", diffId.digest()));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "make a layer: " + e.getMessage(), e);
        }
    }

    private static void pack(Handover.Source in, Ingest ingest, LayerCompression compression, @Nullable Integer level)
            throws IOException {
        OutputStream sink = new OutputStream() {
            @Override
            public void write(int b) {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] data, int offset, int length) {
                ingest.write(data, offset, length);
            }
        };
        try (OutputStream packed = level == null ? compression.open(sink) : compression.open(sink, level)) {
            while (in.next(packed)) {
                // until the writer has finished
            }
        }
    }

    Descriptor descriptor(String mediaType) {
        return Descriptor.of(mediaType, blob, sizeBytes);
    }
}
