// SPDX-License-Identifier: Apache-2.0
package dev.kelp.content;

import dev.kelp.model.Digest;
import java.io.InputStream;
import java.nio.ByteBuffer;

/// A blob on its way in. For one thread at a time; closing it without [#commit] keeps what was written for the next
/// [ContentStore#begin] of that digest, or deletes it when the digest was not known.
public interface Ingest extends AutoCloseable {
    /// How many bytes are here: where to go on.
    long offset();

    /// The digest of what is here so far.
    Digest digest();

    /// Appends. A byte beyond the expected size is DATA_LOSS.
    void write(ByteBuffer bytes);

    default void write(byte[] bytes, int offset, int length) {
        write(ByteBuffer.wrap(bytes, offset, length));
    }

    /// What is here so far, from the first byte; later writes do not show in it. To be closed by the caller.
    InputStream openWritten();

    /// Deletes what was written and starts over at offset 0.
    void restart();

    /// Compares size and digest and makes the blob visible. Bytes that are not what was expected are deleted and
    /// reported as DATA_LOSS.
    ContentStore.Blob commit();

    /// Deletes what was written.
    void discard();

    @Override
    void close();
}
