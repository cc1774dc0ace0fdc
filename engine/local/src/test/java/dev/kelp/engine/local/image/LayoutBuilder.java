// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.model.Digest;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/// Makes OCI layouts of small images.
final class LayoutBuilder {
    private final Path folder;

    LayoutBuilder(Path folder) throws IOException {
        this.folder = folder;
        Files.createDirectories(folder.resolve("blobs/sha256"));
        Files.writeString(folder.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    }

    Path folder() {
        return folder;
    }

    /// A layer: its blob and its digest before compression.
    record Layer(Descriptor blob, Digest diffId) {}

    Descriptor blob(String type, byte[] bytes) throws IOException {
        Descriptor d = Descriptor.of(type, Digest.ofSha256(bytes), bytes.length);
        Files.write(folder.resolve("blobs/sha256").resolve(d.digest().hex()), bytes);
        return d;
    }

    /// A gzip layer of these files.
    Layer layer(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TarWriter tar = new TarWriter(bytes);
        for (Map.Entry<String, byte[]> f : files.entrySet()) {
            tar.file(f.getKey(), f.getValue());
        }
        tar.end();
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes.toByteArray());
        }
        return new Layer(blob(MediaTypes.OCI_LAYER_GZIP, packed.toByteArray()), Digest.ofSha256(bytes.toByteArray()));
    }

    /// A layer with one file that does not compress.
    Layer randomLayer(String name, int seed, int bytes) throws IOException {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return layer(Map.of(name, content));
    }

    Descriptor manifest(Platform platform, List<Layer> layers) throws IOException {
        ImageConfig config = new ImageConfig(
                "2026-01-02T03:04:05Z",
                null,
                platform.architecture(),
                platform.os(),
                null,
                platform.variant(),
                new ImageConfig.Execution(
                        null,
                        null,
                        List.of("A=b"),
                        null,
                        List.of("/bin/sh"),
                        null,
                        null,
                        Map.of("l", "v"),
                        null,
                        null,
                        null,
                        null,
                        null),
                new ImageConfig.RootFs(
                        "layers", layers.stream().map(Layer::diffId).toList()),
                null,
                null);
        Descriptor c = blob(MediaTypes.OCI_CONFIG, OciJson.write(config));
        return blob(
                MediaTypes.OCI_MANIFEST,
                OciJson.write(Manifest.of(
                        MediaTypes.OCI_MANIFEST,
                        c,
                        layers.stream().map(Layer::blob).toList())));
    }

    Descriptor index(Map<Platform, Descriptor> manifests) throws IOException {
        List<Descriptor> entries = new ArrayList<>();
        manifests.forEach((p, d) -> entries.add(d.withPlatform(p)));
        return blob(MediaTypes.OCI_INDEX, OciJson.write(Index.of(entries)));
    }

    /// Makes `top` the layout's image of that tag.
    void tag(Descriptor top, String tag) throws IOException {
        Index index = Index.of(List.of(top.withAnnotations(Map.of("org.opencontainers.image.ref.name", tag))));
        Files.write(folder.resolve("index.json"), OciJson.write(index));
    }

    /// Tags and pushes everything, all platforms, with skopeo.
    void push(Descriptor top, String reference) throws IOException, InterruptedException {
        Programs.assume("skopeo");
        tag(top, "t");
        Programs.run(
                folder.getParent(),
                "skopeo",
                "copy",
                "--all",
                "--preserve-digests",
                "--insecure-policy",
                "--dest-tls-verify=false",
                "oci:" + folder + ":t",
                "docker://" + reference);
    }

    static byte[] text(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }
}
