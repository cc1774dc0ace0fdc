// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// A content digest as in the OCI image specification ("Digests"): `sha256:` or `sha512:` and lower-case hexadecimal.
public record Digest(String algorithm, String hex) implements Comparable<Digest> {
    public Digest {
        int length = switch (algorithm) {
            case "sha256" -> 64;
            case "sha512" -> 128;
            default -> throw KelpException.invalid("digest algorithm `" + algorithm + "` is not known");
        };
        if (hex.length() != length || !isLowerHex(hex)) {
            throw KelpException.invalid("`" + algorithm + ":" + hex + "` is not a digest");
        }
    }

    public static Digest parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw KelpException.invalid("`" + text + "` is not a digest");
        }
        return new Digest(text.substring(0, colon), text.substring(colon + 1));
    }

    public static Digest ofSha256(byte[] content) {
        return finish("sha256", newSha256().digest(content));
    }

    /// A digest from the bytes that a [MessageDigest] of that algorithm gave.
    public static Digest finish(String algorithm, byte[] hash) {
        return new Digest(algorithm, HexFormat.of().formatHex(hash));
    }

    public static MessageDigest newSha256() {
        return messageDigest("SHA-256");
    }

    /// A fresh [MessageDigest] of this digest's algorithm.
    public MessageDigest newMessageDigest() {
        return messageDigest(algorithm.equals("sha256") ? "SHA-256" : "SHA-512");
    }

    /// The first twelve hexadecimal digits, as tables show it.
    public String shortHex() {
        return hex.substring(0, 12);
    }

    @Override
    public int compareTo(Digest other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public String toString() {
        return algorithm + ":" + hex;
    }

    private static MessageDigest messageDigest(String name) {
        try {
            return MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isLowerHex(String s) {
        return s.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }
}
