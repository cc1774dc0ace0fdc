// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An OCI image manifest or a Docker schema 2 manifest.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Manifest(
        int schemaVersion,
        @Nullable String mediaType,
        @Nullable String artifactType,
        Descriptor config,
        List<Descriptor> layers,
        @Nullable Descriptor subject,
        @Nullable Map<String, String> annotations) {
    public Manifest {
        layers = layers == null ? List.of() : List.copyOf(layers);
    }

    public static Manifest of(String mediaType, Descriptor config, List<Descriptor> layers) {
        return new Manifest(2, mediaType, null, config, layers, null, null);
    }
}
