// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import java.io.ByteArrayInputStream;
import java.io.InputStream;

/// Where the bytes of a blob to push come from; opened anew for each try.
@FunctionalInterface
public interface BlobSource {
    /// The bytes from `offset` to the end.
    InputStream open(long offset);

    static BlobSource of(byte[] bytes) {
        return offset ->
                new ByteArrayInputStream(bytes, Math.toIntExact(offset), bytes.length - Math.toIntExact(offset));
    }
}
