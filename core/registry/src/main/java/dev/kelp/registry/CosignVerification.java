// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.OciJson;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// Checks cosign's signatures with a public key: the "simple signing" payloads that lie in the image's repository under
/// the tag `sha256-….sig`. No certificate, no transparency log and no network but the registry takes part.
public final class CosignVerification {
    static final String PAYLOAD_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json";
    static final String SIGNATURE = "dev.cosignproject.cosign/signature";
    private static final int SIGNATURES_MAX = 100;
    private static final int PAYLOAD_BYTES_MAX = 64 << 10;
    private static final int KEY_CHARS_MAX = 16 << 10;
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\\s]+)-----END PUBLIC KEY-----");

    private final Registry registry;
    private final PublicKey key;

    CosignVerification(Registry registry, PublicKey key) {
        this.registry = registry;
        this.key = key;
    }

    /// A public key as cosign writes it to `cosign.pub`: ECDSA, RSA or Ed25519.
    public static PublicKey key(byte[] pem) {
        Matcher m = PEM.matcher(new String(pem, StandardCharsets.US_ASCII));
        if (pem.length > KEY_CHARS_MAX || !m.find()) {
            throw KelpException.invalid("the key is no PEM file with a public key")
                    .withHint("it is what `cosign generate-key-pair` writes to cosign.pub");
        }
        try {
            byte[] der = Base64.getMimeDecoder().decode(m.group(1));
            for (String algorithm : List.of("EC", "RSA", "Ed25519")) {
                try {
                    return KeyFactory.getInstance(algorithm).generatePublic(new X509EncodedKeySpec(der));
                } catch (InvalidKeySpecException e) {
                    // another algorithm's
                }
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, "the public key does not parse: " + e.getMessage(), e);
        }
        throw KelpException.invalid("the public key is of an algorithm that is not understood");
    }

    /// Finds out what a reference stands for now, and that somebody with the private key has signed exactly that.
    ///
    /// @return the digest that was signed: fetch by it, for the tag may move
    /// @throws KelpException [ErrorKind#PERMISSION_DENIED] when no signature is there or none is good
    public Digest verify(Reference reference) {
        Digest digest =
                registry.resolver().resolve(reference).document().descriptor().digest();
        Reference tag = reference.withTag(digest.algorithm() + "-" + digest.hex() + ".sig");
        Document signatures;
        try {
            signatures = registry.resolver().resolve(tag).document();
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                throw refused(reference, digest, "nobody has signed it");
            }
            throw e;
        }
        if (signatures.isIndex()) {
            throw refused(reference, digest, "what is under `" + tag.familiar() + "` is an index, not signatures");
        }
        List<Descriptor> layers = signatures.manifest().layers();
        if (layers.size() > SIGNATURES_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "`" + tag.familiar() + "` has " + layers.size() + " signatures, more than the " + SIGNATURES_MAX
                            + " allowed");
        }
        Fetcher fetcher = registry.fetcher(reference);
        for (Descriptor layer : layers) {
            if (isGood(layer, fetcher, digest)) {
                return digest;
            }
        }
        throw refused(reference, digest, "none of its " + layers.size() + " signatures is by this key");
    }

    private static KelpException refused(Reference reference, Digest digest, String why) {
        return new KelpException(
                ErrorKind.PERMISSION_DENIED, "verify `" + reference.familiar() + "` (" + digest + "): " + why);
    }

    private boolean isGood(Descriptor layer, Fetcher fetcher, Digest digest) {
        Map<String, String> annotations = layer.annotations();
        String signature = annotations == null ? null : annotations.get(SIGNATURE);
        if (signature == null || !layer.mediaType().equals(PAYLOAD_TYPE) || layer.size() > PAYLOAD_BYTES_MAX) {
            return false;
        }
        byte[] payload = fetcher.bytes(layer);
        return isSigned(payload, signature) && names(payload, digest);
    }

    private boolean isSigned(byte[] payload, String signature) {
        try {
            Signature s = Signature.getInstance(
                    switch (key.getAlgorithm().toUpperCase(Locale.ROOT)) {
                        case "EC" -> "SHA256withECDSA";
                        case "RSA" -> "SHA256withRSA";
                        default -> "Ed25519";
                    });
            s.initVerify(key);
            s.update(payload);
            return s.verify(Base64.getDecoder().decode(signature));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            // not even a signature
            return false;
        }
    }

    /// The signature of another image proves nothing about this one.
    private static boolean names(byte[] payload, Digest digest) {
        JsonNode critical = OciJson.tree(payload, "the signed payload").path("critical");
        return critical.path("type").asString("").equals("cosign container image signature")
                && critical.path("image")
                        .path("docker-manifest-digest")
                        .asString("")
                        .equals(digest.toString());
    }
}
