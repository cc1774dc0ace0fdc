// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.cli.Confirmation;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Units;
import dev.kelp.engine.Volumes;
import dev.kelp.engine.Volumes.Pruned;
import dev.kelp.engine.Volumes.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "prune",
        customSynopsis = "[OPTIONS]",
        description =
                "Removes volumes that nobody named and no container has, or with --all every one no container has.",
        footer = {"kelp volume prune", "kelp volume prune -af --filter label!=keep"})
public final class PruneCommand extends dev.kelp.cli.KelpCommand {
    private static final String ANONYMOUS =
            "WARNING! This will remove anonymous local volumes not used by at least one container.\n";
    private static final String ALL =
            "WARNING! This will remove all local volumes not used by at least one container.\n";

    @Option(
            names = {"-a", "--all"},
            description = "also volumes with names of the user's choice")
    boolean all;

    @Option(
            names = {"-f", "--force"},
            description = "do not ask")
    boolean force;

    @Option(
            names = "--filter",
            paramLabel = "KEY=VALUE",
            description = "only those with (label=) or without (label!=) a label; all=true is --all")
    List<String> filters = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        Volumes volumes = call.namespace().volumes();
        List<String> others =
                filters.stream().filter(f -> !f.startsWith("all=")).toList();
        boolean everything = all || filters.contains("all=true") || filters.contains("all=1");
        Predicate<Volume> which = VolumeFilters.parse(others, volumes);
        if (!force && !Confirmation.isGiven(call, everything ? ALL : ANONYMOUS)) {
            return 0;
        }
        Pruned pruned = volumes.prune(which.and(v -> everything || v.anonymous()));
        if (!pruned.names().isEmpty()) {
            call.out().append("Deleted Volumes:\n");
            pruned.names().forEach(n -> call.out().append(n).append('\n'));
            call.out().append('\n');
        }
        call.out().append("Total reclaimed space: " + Units.decimalSize(pruned.bytes()) + "\n");
        return 0;
    }
}
