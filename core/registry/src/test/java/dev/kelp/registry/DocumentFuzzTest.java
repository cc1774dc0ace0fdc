// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.MediaTypes;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Whatever a registry sends as a manifest is a document or a [KelpException].
class DocumentFuzzTest {
    private static final Platform AMD64 = Platform.parse("linux/amd64");

    @FuzzTest(maxDuration = "30s")
    void manifestsAndIndexes(FuzzedDataProvider data) {
        Optional<String> type = switch (data.consumeInt(0, 3)) {
            case 0 -> Optional.empty();
            case 1 -> Optional.of(MediaTypes.OCI_INDEX);
            case 2 -> Optional.of(MediaTypes.DOCKER_MANIFEST);
            default -> Optional.of(data.consumeString(40));
        };
        byte[] bytes = data.consumeRemainingAsString().getBytes(StandardCharsets.UTF_8);
        try {
            Document d = DocumentReader.read(bytes, type, null, "fuzz");
            if (d.isIndex()) {
                ImageSelector.best(d.index(), AMD64).ifPresent(x -> x.digest().shortHex());
            } else {
                d.manifest().layers().forEach(x -> x.digest().shortHex());
            }
        } catch (KelpException e) {
            // refused
        }
        RegistryErrors.message(bytes);
    }
}
