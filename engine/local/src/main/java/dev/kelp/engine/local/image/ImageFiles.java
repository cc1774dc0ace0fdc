// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.model.Digest;
import java.util.Optional;

/// What an archive or a folder of images held, once its blobs are in the content store.
interface ImageFiles {
    /// A file that is a blob now.
    record Stored(Digest digest, long sizeBytes) {}

    /// `index.json`, `manifest.json` or `oci-layout`, if it was there.
    Optional<byte[]> document(String name);

    /// The blob that a path became; DATA_LOSS when there was none.
    Stored file(String path);
}
