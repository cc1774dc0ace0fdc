// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An OCI image index or a Docker manifest list.
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Index(
        int schemaVersion,
        @Nullable String mediaType,
        @Nullable String artifactType,
        List<Descriptor> manifests,
        @Nullable Descriptor subject,
        @Nullable Map<String, String> annotations) {
    public Index {
        manifests = manifests == null ? List.of() : List.copyOf(manifests);
    }

    public static Index of(List<Descriptor> manifests) {
        return new Index(2, MediaTypes.OCI_INDEX, null, manifests, null, null);
    }
}
