// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model;

import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An image reference as users type it, normalised as Docker does: `alpine` is `docker.io/library/alpine:latest`.
/// Grammar: the OCI distribution specification's `<name>` and `<reference>`; a reference of up to 255 characters of
/// name.
public final class Reference implements Comparable<Reference> {
    public static final int NAME_LENGTH_MAX = 255;
    private static final Pattern DOMAIN = Pattern.compile(
            "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*"
                    + "|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?");
    private static final Pattern PATH =
            Pattern.compile("[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*");
    private static final Pattern TAG = Pattern.compile("[\\w][\\w.-]{0,127}");

    private final String domain;
    private final String path;
    private final @Nullable String tag;
    private final @Nullable Digest digest;

    private Reference(String domain, String path, @Nullable String tag, @Nullable Digest digest) {
        this.domain = domain;
        this.path = path;
        this.tag = tag;
        this.digest = digest;
    }

    /// Parses and normalises; without tag and digest the tag is `latest`.
    public static Reference parse(String text) {
        String rest = text;
        Digest digest = null;
        int at = rest.indexOf('@');
        if (at >= 0) {
            digest = Digest.parse(rest.substring(at + 1));
            rest = rest.substring(0, at);
        }
        String tag = null;
        int colon = rest.lastIndexOf(':');
        if (colon > rest.lastIndexOf('/')) {
            tag = rest.substring(colon + 1);
            rest = rest.substring(0, colon);
        }
        if (rest.length() == 64 && rest.indexOf('/') < 0 && rest.matches("[0-9a-f]{64}")) {
            throw bad(text, "64 hexadecimal digits name an image id, not a repository");
        }
        int slash = rest.indexOf('/');
        String domain = "docker.io";
        String path = rest;
        if (slash > 0 && looksLikeDomain(rest.substring(0, slash))) {
            domain = rest.substring(0, slash);
            path = rest.substring(slash + 1);
        }
        if (domain.equals("index.docker.io")) {
            domain = "docker.io";
        }
        if (domain.equals("docker.io") && path.indexOf('/') < 0) {
            path = "library/" + path;
        }
        check(text, domain, path, tag);
        return new Reference(domain, path, tag == null && digest == null ? "latest" : tag, digest);
    }

    private static void check(String text, String domain, String path, @Nullable String tag) {
        if (!DOMAIN.matcher(domain).matches()) {
            throw bad(text, "`" + domain + "` is not a registry host");
        }
        if (!PATH.matcher(path).matches()) {
            throw bad(
                    text,
                    path.chars().anyMatch(Character::isUpperCase)
                            ? "the repository name must be lower case"
                            : "`" + path + "` is not a repository name");
        }
        if (domain.length() + 1 + path.length() > NAME_LENGTH_MAX) {
            throw bad(text, "the name is longer than " + NAME_LENGTH_MAX + " characters");
        }
        if (tag != null && !TAG.matcher(tag).matches()) {
            throw bad(text, "`" + tag + "` is not a tag");
        }
    }

    private static KelpException bad(String text, String why) {
        return KelpException.invalid("invalid reference `" + text + "`: " + why);
    }

    private static boolean looksLikeDomain(String s) {
        return s.indexOf('.') >= 0
                || s.indexOf(':') >= 0
                || s.equals("localhost")
                || s.chars().anyMatch(Character::isUpperCase);
    }

    public String domain() {
        return domain;
    }

    public String path() {
        return path;
    }

    public Optional<String> tag() {
        return Optional.ofNullable(tag);
    }

    public Optional<Digest> digest() {
        return Optional.ofNullable(digest);
    }

    public Reference withDigest(Digest d) {
        return new Reference(domain, path, tag, d);
    }

    public Reference withTag(String newTag) {
        check(path, domain, path, newTag);
        return new Reference(domain, path, newTag, null);
    }

    /// What the distribution API takes after `/manifests/`: the digest when there is one, else the tag.
    public String object() {
        return digest != null ? digest.toString() : Objects.requireNonNull(tag);
    }

    /// Repository without tag and digest: `docker.io/library/alpine`.
    public String repository() {
        return domain + "/" + path;
    }

    /// The repository as short as it can be typed: `alpine`, `user/app`, `localhost:5000/app`.
    public String familiarRepository() {
        if (!domain.equals("docker.io")) {
            return repository();
        }
        return path.startsWith("library/") && path.indexOf('/', 8) < 0 ? path.substring(8) : path;
    }

    /// The whole reference as short as it can be typed.
    public String familiar() {
        return familiarRepository() + suffix();
    }

    private String suffix() {
        return (tag != null ? ":" + tag : "") + (digest != null ? "@" + digest : "");
    }

    @Override
    public int compareTo(Reference o) {
        return toString().compareTo(o.toString());
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof Reference r && r.toString().equals(toString());
    }

    @Override
    public int hashCode() {
        return toString().hashCode();
    }

    /// The canonical form: `docker.io/library/alpine:latest`.
    @Override
    public String toString() {
        return repository() + suffix();
    }
}
