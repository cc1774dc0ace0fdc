// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads PEM text (RFC 7468): certificates, and private keys as PKCS #8 or PKCS #1 RSA. Encrypted keys are refused.
public final class Pem {
    private static final int CERTIFICATES_MAX = 2_000;
    private static final Pattern BLOCK = Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*+)-----END \\1-----");
    /// AlgorithmIdentifier of rsaEncryption with its NULL parameters (RFC 8017), DER.
    private static final byte[] RSA = {
        0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00
    };

    private Pem() {}

    /// All certificates of the text, at most [#CERTIFICATES_MAX]; there must be one.
    public static List<X509Certificate> certificates(String pem) {
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            List<X509Certificate> all = new ArrayList<>();
            Matcher m = BLOCK.matcher(pem);
            while (m.find() && all.size() < CERTIFICATES_MAX) {
                if (m.group(1).equals("CERTIFICATE") || m.group(1).equals("TRUSTED CERTIFICATE")) {
                    all.add((X509Certificate) factory.generateCertificate(
                            new ByteArrayInputStream(m.group().getBytes(StandardCharsets.US_ASCII))));
                }
            }
            if (all.isEmpty()) {
                throw KelpException.invalid("no certificate in the PEM text");
            }
            return all;
        } catch (CertificateException e) {
            throw KelpException.invalid("a certificate does not parse: " + e.getMessage());
        }
    }

    /// The first private key of the text.
    public static PrivateKey privateKey(String pem) {
        Matcher m = BLOCK.matcher(pem);
        while (m.find()) {
            switch (m.group(1)) {
                case "PRIVATE KEY" -> {
                    return decode(base64(m.group(2)));
                }
                case "RSA PRIVATE KEY" -> {
                    return decode(wrapRsa(base64(m.group(2))));
                }
                case "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY" ->
                    throw KelpException.invalid("a client key of type `" + m.group(1) + "` is not supported")
                            .withHint("convert it: openssl pkcs8 -topk8 -nocrypt -in KEY -out NEWKEY");
                default -> {}
            }
        }
        throw KelpException.invalid("no private key in the PEM text");
    }

    private static byte[] base64(String text) {
        try {
            return Base64.getMimeDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            throw KelpException.invalid("a private key does not parse: " + e.getMessage());
        }
    }

    /// The key says its algorithm only inside, so each is tried.
    private static PrivateKey decode(byte[] pkcs8) {
        GeneralSecurityException last = new GeneralSecurityException();
        for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (GeneralSecurityException e) {
                last = e;
            }
        }
        throw new KelpException(ErrorKind.INVALID_ARGUMENT, "a private key is neither RSA, EC nor EdDSA", last);
    }

    private static byte[] wrapRsa(byte[] pkcs1) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(new byte[] {0x02, 0x01, 0x00});
        body.writeBytes(RSA);
        der(body, 0x04, pkcs1);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        der(all, 0x30, body.toByteArray());
        return all.toByteArray();
    }

    private static void der(ByteArrayOutputStream out, int tag, byte[] content) {
        out.write(tag);
        if (content.length < 128) {
            out.write(content.length);
        } else {
            out.write(0x82);
            out.write(content.length >> 8);
            out.write(content.length);
        }
        out.writeBytes(content);
    }
}
