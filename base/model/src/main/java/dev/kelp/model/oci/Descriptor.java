// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.model.Digest;
import dev.kelp.model.Platform;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An OCI content descriptor ("OCI Content Descriptors"): what some bytes are, their digest and their size in bytes.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Descriptor(
        String mediaType,
        Digest digest,
        @JsonInclude(JsonInclude.Include.ALWAYS) long size,
        @Nullable List<String> urls,
        @Nullable Map<String, String> annotations,
        @Nullable Platform platform,
        @Nullable String artifactType) {

    public static Descriptor of(String mediaType, Digest digest, long sizeBytes) {
        return new Descriptor(mediaType, digest, sizeBytes, null, null, null, null);
    }

    public Descriptor withPlatform(Platform p) {
        return new Descriptor(mediaType, digest, size, urls, annotations, p, artifactType);
    }

    public Descriptor withAnnotations(Map<String, String> a) {
        return new Descriptor(mediaType, digest, size, urls, a, platform, artifactType);
    }
}
