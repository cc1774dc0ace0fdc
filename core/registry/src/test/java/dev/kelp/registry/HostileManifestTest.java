// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.http.Transport;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Manifests and indexes nobody should trust, and where they come from.
@Timeout(30)
class HostileManifestTest {
    static final String PATH = "/v2/a/b/manifests/v1";
    final Images image = Images.of(1, 100, "amd64");
    final HostileServer server = new HostileServer();
    final Transport transport = Images.transport();
    final Registry registry = new Registry(transport, Access.anonymous());
    final Reference ref = Reference.parse(server.host() + "/a/b:v1");

    @AfterEach
    void close() {
        server.close();
        transport.close();
    }

    void serves(String type, byte[] bytes) {
        server.on(PATH, x -> HostileServer.answer(x, 200, type, bytes));
    }

    void serves(String type, String json) {
        serves(type, json.getBytes(StandardCharsets.UTF_8));
    }

    void fails(ErrorKind kind, String message) {
        assertThatThrownBy(() -> registry.resolver().resolve(ref))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(message);
    }

    @Test
    void schema1IsRefusedByName() {
        serves(MediaTypes.DOCKER_SCHEMA1_SIGNED, "{\"schemaVersion\":1}");
        fails(ErrorKind.UNSUPPORTED, "schema 1");
        serves("application/json", "{\"schemaVersion\":1,\"fsLayers\":[]}");
        fails(ErrorKind.UNSUPPORTED, "schema 1");
    }

    @Test
    void typesThatContradictEachOtherAreRefused() {
        serves(MediaTypes.OCI_INDEX, image.manifest().bytes());
        fails(ErrorKind.DATA_LOSS, "calls itself");
        serves(MediaTypes.OCI_MANIFEST, "{\"schemaVersion\":2,\"manifests\":[]}");
        fails(ErrorKind.DATA_LOSS, "neither");
        serves("", "{\"schemaVersion\":2,\"manifests\":[],\"layers\":[]}");
        fails(ErrorKind.DATA_LOSS, "both");
        serves("text/html", "<html>");
        fails(ErrorKind.DATA_LOSS, "does not parse");
    }

    @Test
    void typelessManifestIsReadByItsFields() {
        Manifest m = image.manifest().manifest();
        byte[] bare = OciJson.write(new Manifest(2, null, null, m.config(), m.layers(), null, null));
        serves("application/json", bare);
        assertThat(registry.resolver().resolve(ref).document().descriptor().mediaType())
                .isEqualTo(MediaTypes.OCI_MANIFEST);
    }

    @Test
    void manifestBombsAreRefused() {
        serves(MediaTypes.OCI_MANIFEST, new byte[DocumentReader.MANIFEST_BYTES_MAX + 1]);
        fails(ErrorKind.RESOURCE_EXHAUSTED, "over 4194304 bytes");
        server.on(PATH, x -> {
            x.getResponseHeaders().set("Content-Type", MediaTypes.OCI_MANIFEST);
            x.sendResponseHeaders(200, 0);
            for (int i = 0; i < 1_000; i++) {
                x.getResponseBody().write(new byte[1 << 20]);
            }
        });
        fails(ErrorKind.RESOURCE_EXHAUSTED, "over 4194304 bytes");
        Descriptor layer = image.layerDescriptor();
        serves(
                MediaTypes.OCI_MANIFEST,
                OciJson.write(Manifest.of(
                        MediaTypes.OCI_MANIFEST,
                        image.configDescriptor(),
                        Collections.nCopies(DocumentReader.LAYERS_MAX + 1, layer))));
        fails(ErrorKind.RESOURCE_EXHAUSTED, "1001");
        serves(
                MediaTypes.OCI_INDEX,
                OciJson.write(new Index(
                        2,
                        MediaTypes.OCI_INDEX,
                        null,
                        Collections.nCopies(DocumentReader.INDEX_ENTRIES_MAX + 1, layer),
                        null,
                        null)));
        fails(ErrorKind.RESOURCE_EXHAUSTED, "1001");
        serves(MediaTypes.OCI_MANIFEST, "{\"layers\":" + "[".repeat(100_000));
        fails(ErrorKind.DATA_LOSS, "does not parse");
    }

    @Test
    void descriptorsWithoutDigestOrSizeAreRefused() {
        serves(MediaTypes.OCI_MANIFEST, "{\"schemaVersion\":2,\"config\":{},\"layers\":[]}");
        fails(ErrorKind.DATA_LOSS, "lacks a digest");
        serves(MediaTypes.OCI_MANIFEST, "{\"schemaVersion\":2,\"layers\":[]}");
        fails(ErrorKind.DATA_LOSS, "lacks a digest");
    }

    @Test
    void digestsMustFit() {
        server.on(PATH, x -> {
            x.getResponseHeaders()
                    .set("Docker-Content-Digest", Digest.ofSha256(new byte[0]).toString());
            HostileServer.answer(
                    x, 200, MediaTypes.OCI_MANIFEST, image.manifest().bytes());
        });
        fails(ErrorKind.DATA_LOSS, "promises digest");
        Digest other = Digest.ofSha256(new byte[] {7});
        server.on(
                "/v2/a/b/manifests/" + other,
                x -> HostileServer.answer(
                        x, 200, MediaTypes.OCI_MANIFEST, image.manifest().bytes()));
        assertThatThrownBy(() -> registry.resolver().resolve(ref.withDigest(other)))
                .hasMessageContaining("is not what was asked for");
    }

    @Test
    void errorsFromOutsideCarryNoControlCharacters() {
        assertThatThrownBy(() -> registry.resolver().resolve(Reference.parse(server.host() + "/x/y")))
                .hasMessageContaining("not found: no [31m such");
    }

    @Test
    void redirectLoopsEnd() {
        server.on(PATH, x -> HostileServer.redirect(x, PATH));
        fails(ErrorKind.UNAVAILABLE, "more than 10 redirects");
        assertThat(server.seen(PATH)).hasSize(11);
        server.on(PATH, x -> HostileServer.redirect(x, "file:///etc/passwd"));
        fails(ErrorKind.UNAVAILABLE, "neither http nor https");
    }

    @Test
    void nestedIndexesHaveALimit() {
        Document inner = image.manifest();
        List<Document> all = new ArrayList<>(List.of(inner));
        for (int i = 0; i <= ImageSelector.DEPTH_MAX; i++) {
            inner = Images.document(MediaTypes.OCI_INDEX, OciJson.write(Index.of(List.of(inner.descriptor()))));
            all.add(inner);
        }
        Document tooDeep = inner;
        Platform amd = Platform.parse("linux/amd64");
        assertThatThrownBy(() -> ImageSelector.select(tooDeep, amd, d -> find(all, d)))
                .hasMessageContaining("more than 4 deep");
        Document deep = all.get(ImageSelector.DEPTH_MAX);
        assertThat(ImageSelector.select(deep, amd, d -> find(all, d)).manifest())
                .isEqualTo(image.manifest());
    }

    private static Document find(List<Document> all, Descriptor d) {
        return all.stream()
                .filter(x -> x.descriptor().digest().equals(d.digest()))
                .findFirst()
                .orElseThrow();
    }
}
