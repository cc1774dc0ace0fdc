// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.model.Digest;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.MediaTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ImageSelectorTest {
    static Descriptor entry(String platform) {
        Descriptor d = Descriptor.of(MediaTypes.OCI_MANIFEST, Digest.ofSha256(platform.getBytes()), 1);
        return platform.isEmpty() ? d : d.withPlatform(parse(platform));
    }

    private static Platform parse(String text) {
        String[] p = text.split("/");
        return new Platform(p[0], p[1], p.length > 2 ? p[2] : null);
    }

    static Optional<String> chosen(String wanted, String... has) {
        List<Descriptor> entries = new ArrayList<>();
        for (String platform : has) {
            entries.add(entry(platform));
        }
        return ImageSelector.best(Index.of(entries), parse(wanted)).map(d -> has[entries.indexOf(d)]);
    }

    @Test
    void theBestVariantWins() {
        assertThat(chosen("linux/arm/v7", "linux/arm/v5", "linux/arm/v7", "linux/arm/v6"))
                .contains("linux/arm/v7");
        assertThat(chosen("linux/arm/v7", "linux/arm/v5", "linux/arm/v6")).contains("linux/arm/v6");
        assertThat(chosen("linux/arm/v6", "linux/arm/v7")).isEmpty();
        assertThat(chosen("linux/arm64", "linux/amd64", "linux/arm64/v8")).contains("linux/arm64/v8");
        assertThat(chosen("linux/amd64", "windows/amd64", "linux/amd64")).contains("linux/amd64");
    }

    @Test
    void entriesWithoutPlatformAreTheLastResort() {
        assertThat(chosen("linux/amd64", "", "linux/amd64")).contains("linux/amd64");
        assertThat(chosen("linux/amd64", "linux/s390x", "")).contains("");
    }

    @Test
    void attestationsAreNoImages() {
        assertThat(chosen("unknown/unknown", "unknown/unknown")).isEmpty();
        Descriptor annotated =
                entry("linux/amd64").withAnnotations(Map.of("vnd.docker.reference.type", "attestation-manifest"));
        assertThat(ImageSelector.best(Index.of(List.of(annotated)), Platform.parse("linux/amd64")))
                .isEmpty();
    }
}
