// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.content.ContentStore;
import dev.kelp.content.Ingest;
import dev.kelp.engine.local.image.ImageFiles.Stored;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.oci.Descriptor;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/// Takes blobs of an archive or a folder into the content store, where the lease keeps them until they have a name.
record BlobIntake(ContentStore content, Lease lease) {
    private static final int BUFFER_BYTES = 128 << 10;

    /// Opens what a blob is read from.
    interface Source {
        InputStream open();
    }

    /// A blob whose digest and size were promised; the source is not opened when it is here.
    Stored named(Descriptor d, Source source) throws IOException {
        lease.retain(List.of(Nodes.blob(d.digest())));
        Optional<Ingest> begun = content.begin(d);
        if (begun.isPresent()) {
            try (Ingest ingest = begun.get();
                    InputStream in = source.open()) {
                if (ingest.offset() > 0) {
                    ingest.restart();
                }
                copy(in, ingest);
                ingest.commit();
            }
        }
        return new Stored(d.digest(), d.size());
    }

    /// A blob of which nothing is known.
    Stored unnamed(InputStream in) throws IOException {
        try (Ingest ingest = content.begin()) {
            copy(in, ingest);
            lease.retain(List.of(Nodes.blob(ingest.digest())));
            long size = ingest.offset();
            return new Stored(ingest.commit().digest(), size);
        }
    }

    /// A document that was read already.
    void put(Descriptor d, byte[] bytes) {
        lease.retain(List.of(Nodes.blob(d.digest())));
        content.put(d, bytes);
    }

    private static void copy(InputStream in, Ingest ingest) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            ingest.write(buffer, 0, n);
        }
    }
}
