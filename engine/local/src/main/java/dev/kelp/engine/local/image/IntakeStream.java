// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.content.Ingest;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// A blob that is read while it comes: first what an earlier attempt left, then the network, whose bytes are kept in
/// the ingest as they pass. Closing it leaves the ingest open.
final class IntakeStream extends InputStream {
    private final Ingest ingest;
    private final LongFunction<InputStream> network;
    private @Nullable InputStream written;
    private @Nullable InputStream rest;

    /// @param network opens the source from an offset on
    IntakeStream(Ingest ingest, LongFunction<InputStream> network) {
        this.ingest = ingest;
        this.network = network;
        this.written = ingest.offset() > 0 ? ingest.openWritten() : null;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        InputStream first = written;
        if (first != null) {
            int n = first.read(target, offset, length);
            if (n >= 0) {
                return n;
            }
            first.close();
            written = null;
        }
        InputStream in = rest;
        if (in == null) {
            in = network.apply(ingest.offset());
            rest = in;
        }
        int n = in.read(target, offset, length);
        if (n > 0) {
            ingest.write(target, offset, n);
        }
        return n;
    }

    @Override
    public void close() throws IOException {
        InputStream first = written;
        InputStream in = rest;
        written = null;
        try {
            if (first != null) {
                first.close();
            }
        } finally {
            if (in != null) {
                in.close();
            }
        }
    }
}
