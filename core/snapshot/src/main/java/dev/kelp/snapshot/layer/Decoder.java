// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import java.io.IOException;
import java.nio.ByteBuffer;

/// Turns a [CompressedInput] into plain bytes.
interface Decoder extends AutoCloseable {
    /// Fills `out`, a direct buffer; leaves room in it only at the end of the stream.
    void decode(ByteBuffer out) throws IOException;

    @Override
    void close();
}
