// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;

/// A manifest or an index as the registry has it: its bytes, and a descriptor whose digest was computed over them.
/// Made by [DocumentReader] only.
public final class Document {
    private final Descriptor descriptor;
    private final byte[] bytes;

    Document(Descriptor descriptor, byte[] bytes) {
        this.descriptor = descriptor;
        this.bytes = bytes;
    }

    public Descriptor descriptor() {
        return descriptor;
    }

    /// The exact bytes; not to be changed.
    public byte[] bytes() {
        return bytes;
    }

    public boolean isIndex() {
        return MediaTypes.isIndex(descriptor.mediaType());
    }

    /// Parsed, within the limits of [DocumentReader].
    public Index index() {
        return DocumentReader.index(this);
    }

    /// Parsed, within the limits of [DocumentReader].
    public Manifest manifest() {
        return DocumentReader.manifest(this);
    }

    @Override
    public String toString() {
        return descriptor.mediaType() + " " + descriptor.digest();
    }
}
