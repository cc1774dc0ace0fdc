// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;

/// Memory outside the Java heap that any thread may use and that is given back at once when closed; a direct
/// [ByteBuffer] of its own would wait for the garbage collector, which an idle daemon seldom runs.
public final class NativeBuffer implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final ByteBuffer bytes;

    public NativeBuffer(int sizeBytes) {
        bytes = arena.allocate(sizeBytes, 4096).asByteBuffer();
    }

    /// The whole memory, big-endian; its position and limit are the caller's. Using it after [#close] throws.
    public ByteBuffer bytes() {
        return bytes;
    }

    @Override
    public void close() {
        arena.close();
    }
}
