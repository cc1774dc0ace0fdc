// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Manifest;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.http.Transport;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Signatures laid down in a real registry the way cosign's specification says.
class CosignVerificationTest {
    @TempDir
    static Path folder;

    static LocalRegistry server;
    static Transport transport;
    static KeyPair key;
    static KeyPair other;

    final Registry registry = new Registry(transport, Access.anonymous());

    @BeforeAll
    static void start() throws Exception {
        server = LocalRegistry.open(folder, false);
        transport = Images.transport();
        key = keys("EC", 256);
        other = keys("EC", 256);
    }

    @AfterAll
    static void stop() {
        transport.close();
        server.close();
    }

    private static KeyPair keys(String algorithm, int bits) throws Exception {
        KeyPairGenerator g = KeyPairGenerator.getInstance(algorithm);
        if (bits > 0) {
            g.initialize(bits);
        }
        return g.generateKeyPair();
    }

    private static byte[] pem(PublicKey key) {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key.getEncoded());
        return ("-----BEGIN PUBLIC KEY-----\n" + text + "\n-----END PUBLIC KEY-----\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private Reference image(String name, int seed) {
        Reference ref = Reference.parse(server.host() + "/" + name + ":v1");
        Images.of(seed, 1_000, "amd64").push(registry.pusher(ref), "v1");
        return ref;
    }

    private Digest digest(Reference ref) {
        return registry.resolver().resolve(ref).document().descriptor().digest();
    }

    private static byte[] payload(String type, Digest digest) {
        return ("{\"critical\":{\"identity\":{\"docker-reference\":\"app\"},\"image\":{\"docker-manifest-digest\":\""
                        + digest + "\"},\"type\":\"" + type + "\"},\"optional\":null}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] payload(Digest digest) {
        return payload("cosign container image signature", digest);
    }

    private static String sign(String algorithm, KeyPair by, byte[] payload) throws Exception {
        Signature s = Signature.getInstance(algorithm);
        s.initSign(by.getPrivate());
        s.update(payload);
        return Base64.getEncoder().encodeToString(s.sign());
    }

    /// One signed payload.
    private record Signed(byte[] payload, String signature) {}

    private static Signed signed(KeyPair by, Digest digest) throws Exception {
        return new Signed(payload(digest), sign("SHA256withECDSA", by, payload(digest)));
    }

    /// What `cosign sign --key` leaves in the repository.
    private void lay(Reference ref, Signed... all) {
        Pusher pusher = registry.pusher(ref);
        Descriptor config = Images.blob(MediaTypes.OCI_CONFIG, "{}".getBytes(StandardCharsets.UTF_8));
        pusher.push(config, BlobSource.of("{}".getBytes(StandardCharsets.UTF_8)), Optional.empty());
        List<Descriptor> layers = new ArrayList<>();
        for (Signed s : all) {
            Descriptor blob = Images.blob(CosignVerification.PAYLOAD_TYPE, s.payload);
            pusher.push(blob, BlobSource.of(s.payload), Optional.empty());
            layers.add(blob.withAnnotations(Map.of(CosignVerification.SIGNATURE, s.signature)));
        }
        Document manifest = Images.document(
                MediaTypes.OCI_MANIFEST, OciJson.write(Manifest.of(MediaTypes.OCI_MANIFEST, config, layers)));
        pusher.putManifest(manifest, Optional.of("sha256-" + digest(ref).hex() + ".sig"));
    }

    private Digest verify(Reference ref, KeyPair by) {
        return registry.cosign(CosignVerification.key(pem(by.getPublic()))).verify(ref);
    }

    private void assertRefused(Reference ref, KeyPair by, String why) {
        assertThatThrownBy(() -> verify(ref, by))
                .hasMessageContaining(why)
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.PERMISSION_DENIED));
    }

    @Test
    void oneGoodSignatureAmongOthersIsEnough() throws Exception {
        Reference ref = image("good", 1);
        lay(ref, signed(other, digest(ref)), new Signed(payload(digest(ref)), "%%%"), signed(key, digest(ref)));
        assertThat(verify(ref, key)).isEqualTo(digest(ref));
        assertThat(verify(ref, other)).isEqualTo(digest(ref));
    }

    @Test
    void nobodySigned() {
        assertRefused(image("unsigned", 2), key, "nobody has signed it");
    }

    @Test
    void somebodyElseSigned() throws Exception {
        Reference ref = image("foreign", 3);
        lay(ref, signed(other, digest(ref)));
        assertRefused(ref, key, "none of its 1 signatures is by this key");
    }

    @Test
    void theSignatureOfAnotherImageProvesNothing() throws Exception {
        Reference ref = image("moved", 4);
        lay(ref, signed(key, digest(image("moved-from", 5))));
        assertRefused(ref, key, "none of its 1");
    }

    @Test
    void aChangedPayloadIsNotSigned() throws Exception {
        Reference ref = image("changed", 6);
        String ofAnother = sign("SHA256withECDSA", key, payload(digest(image("changed-from", 7))));
        lay(ref, new Signed(payload(digest(ref)), ofAnother));
        assertRefused(ref, key, "none of its 1");
    }

    @Test
    void whatWasSignedForAnotherPurposeProvesNothing() throws Exception {
        Reference ref = image("purpose", 8);
        byte[] payload = payload("something else", digest(ref));
        lay(ref, new Signed(payload, sign("SHA256withECDSA", key, payload)));
        assertRefused(ref, key, "none of its 1");
    }

    @Test
    void aTagThatMovedIsNotSignedAnyMore() throws Exception {
        Reference ref = image("tag", 9);
        lay(ref, signed(key, digest(ref)));
        assertThat(verify(ref, key)).isEqualTo(digest(ref));
        image("tag", 10);
        assertRefused(ref, key, "nobody has signed it");
    }

    @ParameterizedTest
    @CsvSource({"RSA, 2048, SHA256withRSA, 11", "Ed25519, 0, Ed25519, 12"})
    void otherAlgorithms(String algorithm, int bits, String signature, int seed) throws Exception {
        KeyPair pair = keys(algorithm, bits);
        Reference ref = image("algorithm" + seed, seed);
        lay(ref, new Signed(payload(digest(ref)), sign(signature, pair, payload(digest(ref)))));
        assertThat(verify(ref, pair)).isEqualTo(digest(ref));
        assertRefused(ref, key, "none of its 1");
    }

    @ParameterizedTest
    @CsvSource({
        "''",
        "no key",
        "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----",
        "-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----"
    })
    void notAKey(String text) {
        assertThatThrownBy(() -> CosignVerification.key(text.getBytes(StandardCharsets.US_ASCII)))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.INVALID_ARGUMENT));
    }
}
