// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.flags.SourceFlags;
import dev.kelp.cli.progress.ProgressDisplay;
import dev.kelp.engine.Progress;
import dev.kelp.model.Platform;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// What the commands that move images share.
@Command(optionListHeading = "Transfer")
public final class TransferFlags {
    @Option(
            names = "--platform",
            paramLabel = "OS/ARCH",
            description = "only this platform; may be repeated",
            split = ",")
    List<String> platforms = new ArrayList<>();

    @Option(names = "--arch", paramLabel = "ARCH", description = "the architecture, instead of --platform")
    @Nullable
    String architecture;

    @Option(names = "--os", paramLabel = "OS", description = "the operating system, instead of --platform")
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

    @Option(names = "--all-platforms", description = "all platforms the image has")
    boolean allPlatforms;

    @Option(
            names = {"-q", "--quiet"},
            description = "no progress")
    boolean quiet;

    List<Platform> platforms() {
        Platform one =
                SourceFlags.platform(platforms.isEmpty() ? null : platforms.getFirst(), system, architecture, variant);
        return platforms.isEmpty() && one != null
                ? List.of(one)
                : platforms.stream().map(Platform::parse).toList();
    }

    boolean allPlatforms() {
        return allPlatforms;
    }

    boolean quiet() {
        return quiet;
    }

    /// Does the work with progress on standard output, or on error output when that is taken for data.
    void run(Invocation call, boolean onError, Consumer<Progress> work) {
        if (quiet) {
            work.accept(Progress.NONE);
            return;
        }
        show(call, onError, work);
    }

    /// As [#run], for commands without these flags.
    public static void show(Invocation call, boolean onError, Consumer<Progress> work) {
        ClientContext client = call.client();
        try (ProgressDisplay display = onError ? ProgressDisplay.onError(client) : ProgressDisplay.onOutput(client)) {
            work.accept(display);
        }
    }
}
