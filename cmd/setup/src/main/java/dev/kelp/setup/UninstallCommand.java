// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.service.Addon;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "uninstall",
        description = "Take the service away, and those of all add-ons. Containers, images and volumes stay.")
final class UninstallCommand implements Callable<Integer> {
    @ParentCommand
    private @Nullable SetupTool parent;

    /// Scripts written for others give it; there is nothing to force.
    @Option(
            names = {"-f", "--force"},
            hidden = true)
    @SuppressWarnings("UnusedVariable")
    private boolean force;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks at it
    private boolean help;

    @Override
    public Integer call() throws IOException {
        Installation installation = Objects.requireNonNull(parent).installation();
        Addon.Setting setting = new Addon.Setting(installation.units(), List.of());
        return installation.uninstall(Stream.of(Addon.values())
                .map(addon -> addon.unitName(setting))
                .distinct()
                .toList());
    }
}
