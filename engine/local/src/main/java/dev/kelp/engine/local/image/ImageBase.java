// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.local.metadata.Leases;
import dev.kelp.model.Digest;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.ImageConfig;
import org.jspecify.annotations.Nullable;

/// An image as a container stands on it.
///
/// @param displayName the name that was typed, or the image's first name, as short as it can be
/// @param digest of the manifest
/// @param parent name of the committed snapshot of the topmost layer; null for an image without layers
/// @param snapshotter whose snapshot that is
public record ImageBase(
        String displayName,
        Digest digest,
        Platform platform,
        ImageConfig config,
        @Nullable String parent,
        String snapshotter) {
    /// An image that no garbage collection takes before this is closed.
    public record Held(ImageBase base, Leases.Pin pin) implements AutoCloseable {
        @Override
        public void close() {
            pin.close();
        }
    }
}
