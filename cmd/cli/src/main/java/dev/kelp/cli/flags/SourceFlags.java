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
        return platform == null ? null : Platform.parse(platform);
    }

    public boolean quiet() {
        return quiet;
    }

    public boolean rootfs() {
        return rootfs;
    }
}
