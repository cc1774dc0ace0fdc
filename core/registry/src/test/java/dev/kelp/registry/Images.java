// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.Digest;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.http.HttpLimits;
import dev.kelp.registry.http.Transport;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Images made up for tests: their layers are random bytes, which no registry looks into.
record Images(byte[] layer, byte[] config, Document manifest) {
    static final HttpLimits IMPATIENT = HttpLimits.DEFAULT
            .withStallTimeout(Duration.ofMillis(400))
            .withResponseTimeout(Duration.ofSeconds(5))
            .withBackoff(Duration.ofMillis(5), Duration.ofMillis(20));

    static Transport transport() {
        return new Transport(new Transport.Settings("kelp/test", IMPATIENT, List.of()));
    }

    static byte[] random(int seed, int bytes) {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return content;
    }

    static Images of(int seed, int layerBytes, String arch) {
        byte[] layer = random(seed, layerBytes);
        byte[] config = ("{\"architecture\":\"" + arch
                        + "\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\""
                        + Digest.ofSha256(layer) + "\"]}}")
                .getBytes(StandardCharsets.UTF_8);
        return new Images(
                layer,
                config,
                document(
                        MediaTypes.OCI_MANIFEST,
                        OciJson.write(Manifest.of(
                                MediaTypes.OCI_MANIFEST,
                                blob(MediaTypes.OCI_CONFIG, config),
                                List.of(blob(MediaTypes.OCI_LAYER, layer))))));
    }

    static Document index(Images... images) {
        List<Descriptor> entries = List.of(images).stream()
                .map(i -> i.manifest().descriptor().withPlatform(i.platform()))
                .toList();
        Index index = new Index(2, MediaTypes.OCI_INDEX, null, entries, null, null);
        return document(MediaTypes.OCI_INDEX, OciJson.write(index));
    }

    Platform platform() {
        return new Platform(
                "linux", OciJson.tree(config, "config").path("architecture").asString(""), null);
    }

    static Document document(String type, byte[] bytes) {
        return DocumentReader.read(bytes, Optional.of(type), null, "test document");
    }

    static Descriptor blob(String type, byte[] bytes) {
        return Descriptor.of(type, Digest.ofSha256(bytes), bytes.length);
    }

    Descriptor layerDescriptor() {
        return manifest.manifest().layers().getFirst();
    }

    Descriptor configDescriptor() {
        return manifest.manifest().config();
    }

    void push(Pusher pusher, String tag) {
        pusher.push(layerDescriptor(), BlobSource.of(layer), Optional.empty());
        pusher.push(configDescriptor(), BlobSource.of(config), Optional.empty());
        pusher.putManifest(manifest, Optional.of(tag));
    }
}
