// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// A stream as a sequence of direct buffers, of any length.
interface BlockSource {
    /// The next bytes, valid until the next call; null at the end.
    @Nullable
    ByteBuffer next() throws IOException;
}
