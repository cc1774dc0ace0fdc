// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.NativeBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/// A stream read through one direct buffer, from which decoders take what they need.
final class CompressedInput implements AutoCloseable {
    private static final int BUFFER_BYTES = 128 << 10;

    private final InputStream in;
    private final NativeBuffer memory = new NativeBuffer(BUFFER_BYTES);
    private final byte[] copy = new byte[BUFFER_BYTES];
    private final ByteBuffer buffer = memory.bytes();
    private long total;

    CompressedInput(InputStream in) {
        this.in = in;
        buffer.limit(0);
    }

    /// What was read and not yet taken; its position is the decoders' to move.
    ByteBuffer buffer() {
        return buffer;
    }

    /// Adds bytes to the buffer until it holds at least `wanted` (at most a few) or the stream ends.
    void fill(int wanted) throws IOException {
        while (buffer.remaining() < wanted && more()) {
            // until there is enough
        }
    }

    /// Reads more behind what remains; false at the end.
    boolean more() throws IOException {
        buffer.compact();
        int n = in.read(copy, 0, buffer.remaining());
        if (n > 0) {
            buffer.put(copy, 0, n);
            total += n;
        }
        buffer.flip();
        return n >= 0;
    }

    /// The next byte, or −1 at the end.
    int readByte() throws IOException {
        fill(1);
        return buffer.hasRemaining() ? buffer.get() & 0xff : -1;
    }

    long totalBytes() {
        return total;
    }

    @Override
    public void close() {
        memory.close();
    }
}
