// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model;

import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A platform as in the OCI image index: `linux/amd64`, `linux/arm/v7`. Parsed and normalised as containerd does
/// (`x86_64` is `amd64`, `aarch64` is `arm64`; `arm64/v8` is `arm64`; `arm` is `arm/v7`).
public record Platform(
        String os, String architecture, @Nullable String variant) {
    public Platform {
        os = os.toLowerCase(Locale.ROOT);
        String v = variant == null || variant.isEmpty() ? null : variant.toLowerCase(Locale.ROOT);
        switch (architecture.toLowerCase(Locale.ROOT)) {
            case "x86_64", "x86-64", "amd64" -> {
                architecture = "amd64";
                v = "v1".equals(v) ? null : v;
            }
            case "aarch64", "arm64" -> {
                architecture = "arm64";
                v = "v8".equals(v) || "8".equals(v) ? null : v;
            }
            case "i386", "i486", "i586", "i686", "386" -> architecture = "386";
            case "armhf", "armv7l" -> {
                architecture = "arm";
                v = "v7";
            }
            case "armel" -> {
                architecture = "arm";
                v = "v6";
            }
            case "arm" -> {
                architecture = "arm";
                v = v == null ? "v7" : v.startsWith("v") ? v : "v" + v;
            }
            default -> architecture = architecture.toLowerCase(Locale.ROOT);
        }
        variant = v;
    }

    /// `os/arch[/variant]`, `arch[/variant]` or `os`.
    public static Platform parse(String text) {
        String[] p = text.split("/", -1);
        for (String part : p) {
            if (!part.matches("[A-Za-z0-9_.-]+")) {
                throw KelpException.invalid("`" + text + "` is not a platform");
            }
        }
        return switch (p.length) {
            case 1 ->
                p[0].equals("linux")
                        ? new Platform("linux", host().architecture, null)
                        : new Platform("linux", p[0], null);
            case 2 ->
                p[0].equals("linux") || p[0].equals("windows") || p[0].equals("darwin") || p[0].equals("freebsd")
                        ? new Platform(p[0], p[1], null)
                        : new Platform("linux", p[0], p[1]);
            case 3 -> new Platform(p[0], p[1], p[2]);
            default -> throw KelpException.invalid("`" + text + "` is not a platform");
        };
    }

    /// This machine's platform.
    public static Platform host() {
        return new Platform("linux", System.getProperty("os.arch", "amd64"), null);
    }

    /// Whether an image for `other` runs where this platform is wanted: the same, or a variant this one includes.
    public boolean runs(Platform other) {
        if (!os.equals(other.os) || !architecture.equals(other.architecture)) {
            return false;
        }
        if (Objects.equals(variant, other.variant) || other.variant == null) {
            return true;
        }
        return architecture.equals("arm") && variant != null && variant.compareTo(other.variant) >= 0;
    }

    public Optional<String> variantName() {
        return Optional.ofNullable(variant);
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant == null ? "" : "/" + variant);
    }
}
