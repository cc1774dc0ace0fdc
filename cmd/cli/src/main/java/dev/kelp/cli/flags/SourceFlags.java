// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Where the root file system comes from.
@Command(optionListHeading = "Image")
public final class SourceFlags {
    @Option(names = "--pull", paramLabel = "WHEN", description = "always, missing or never (default: missing)")
    @Nullable
    String pull;

    @Option(
            names = "--platform",
            paramLabel = "OS/ARCH",
            description = "the image's platform (default: this machine's)")
    @Nullable
    String platform;

    @Option(
            names = {"-q", "--quiet"},
            description = "no progress of a pull")
    boolean quiet;

    @Option(names = "--arch", paramLabel = "ARCH", description = "the image's architecture, instead of --platform")
    @Nullable
    String architecture;

    @Option(names = "--os", paramLabel = "OS", description = "the image's operating system, instead of --platform")
    @Nullable
    String system;

    @Option(names = "--variant", paramLabel = "VARIANT", description = "of the architecture, instead of --platform")
    @Nullable
    String variant;

    @Option(
            names = "--disable-content-trust",
            hidden = true,
            description = "accepted for compatibility: signatures are checked with --verify")
    boolean disableContentTrust;

    @Option(
            names = "--rootfs",
            description =
                    "the first argument is a directory to use as root file system, not an image; / is a throw-away"
                            + " view of this machine")
    boolean rootfs;

    public enum Pull {
        ALWAYS,
        MISSING,
        NEVER
    }

    public Pull pull() {
        return switch (pull == null ? "missing" : pull) {
            case "always" -> Pull.ALWAYS;
            case "missing" -> Pull.MISSING;
            case "never" -> Pull.NEVER;
            default ->
                throw KelpException.invalid("invalid --pull `" + pull + "`").withHint("use always, missing or never");
        };
    }

    public @Nullable Platform platform() {
        return platform(platform, system, architecture, variant);
    }

    /// What the ways to ask for a platform come to; null when none was used.
    public static @Nullable Platform platform(
            @Nullable String platform, @Nullable String os, @Nullable String architecture, @Nullable String variant) {
        if (os == null && architecture == null && variant == null) {
            return platform == null ? null : Platform.parse(platform);
        }
        if (platform != null) {
            throw KelpException.invalid("--platform excludes --os, --arch and --variant");
        }
        Platform host = Platform.host();
        String cpu = architecture == null ? host.architecture() : architecture;
        return Platform.parse((os == null ? host.os() : os) + "/" + cpu + (variant == null ? "" : "/" + variant));
    }

    public boolean quiet() {
        return quiet;
    }

    public boolean rootfs() {
        return rootfs;
    }
}
