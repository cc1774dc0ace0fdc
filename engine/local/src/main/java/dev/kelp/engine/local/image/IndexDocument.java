// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.local.metadata.ManifestListRecords.Row;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.Document;
import dev.kelp.registry.DocumentReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Writes the index of a manifest list: Docker's kind when all in it is Docker's, else the OCI's.
final class IndexDocument {
    private IndexDocument() {}

    static Document of(List<Row> rows) {
        boolean docker = !rows.isEmpty()
                && rows.stream().allMatch(r -> r.target().mediaType().equals(MediaTypes.DOCKER_MANIFEST));
        List<Map<String, Object>> manifests = new ArrayList<>();
        for (Row r : rows) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("mediaType", r.target().mediaType());
            entry.put("size", r.target().size());
            entry.put("digest", r.target().digest().toString());
            Platform p = r.target().platform();
            if (p != null) {
                entry.put("platform", platform(p, r));
            }
            manifests.add(entry);
        }
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("schemaVersion", 2);
        index.put("mediaType", docker ? MediaTypes.DOCKER_INDEX : MediaTypes.OCI_INDEX);
        index.put("manifests", manifests);
        return DocumentReader.read(OciJson.write(index), Optional.empty(), null, "the manifest list");
    }

    private static Map<String, Object> platform(Platform p, Row r) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("architecture", p.architecture());
        fields.put("os", p.os());
        if (r.osVersion() != null) {
            fields.put("os.version", r.osVersion());
        }
        if (!r.osFeatures().isEmpty()) {
            fields.put("os.features", r.osFeatures());
        }
        p.variantName().ifPresent(v -> fields.put("variant", v));
        return fields;
    }
}
