// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.NativeBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/// [Decompression#open]: a decoder as a stream.
final class DecompressedStream extends InputStream {
    private static final int BUFFER_BYTES = 64 << 10;

    private final InputStream source;
    private final UnpackLimits limits;
    private final CompressedInput in;
    private final Decoder decoder;
    private final NativeBuffer memory = new NativeBuffer(BUFFER_BYTES);
    private final ByteBuffer buffer = memory.bytes();
    private long total;
    private boolean closed;

    DecompressedStream(InputStream source, UnpackLimits limits) throws IOException {
        this.source = source;
        this.limits = limits;
        this.in = new CompressedInput(source);
        try {
            this.decoder = Decompression.decoder(in, limits);
        } catch (IOException | RuntimeException e) {
            in.close();
            memory.close();
            throw e;
        }
        buffer.limit(0);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] b, int off, int len) throws IOException {
        if (len == 0) {
            return 0;
        }
        if (closed) {
            throw new IOException("the stream is closed");
        }
        if (!buffer.hasRemaining()) {
            buffer.clear();
            decoder.decode(buffer);
            buffer.flip();
            total += buffer.remaining();
            if (total > limits.uncompressedBytes()) {
                throw Decompression.tooLarge(limits);
            }
        }
        int n = Math.min(len, buffer.remaining());
        buffer.get(b, off, n);
        return n == 0 ? -1 : n;
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            decoder.close();
            in.close();
            memory.close();
            source.close();
        }
    }
}
