// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Confirmation;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Units;
import dev.kelp.engine.Containers.Pruned;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "prune",
        customSynopsis = "[OPTIONS]",
        description = "Removes all stopped containers.",
        footer = {"kelp container prune", "kelp container prune -f --filter until=24h --filter label=ci"})
public final class PruneCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--force"},
            description = "do not ask")
    boolean force;

    @Option(
            names = "--filter",
            paramLabel = "KEY=VALUE",
            description = "only those made before until=TIME, or with (label=) or without (label!=) a label")
    List<String> filters = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        var wanted = StoppedContainers.filter(call, filters);
        if (!force && !Confirmation.isGiven(call, "WARNING! This will remove all stopped containers.\n")) {
            return 0;
        }
        Pruned removed = call.containers().prune(wanted);
        StoppedContainers.print(removed, call.out());
        call.out().append("Total reclaimed space: " + Units.decimalSize(removed.bytes()) + "\n");
        return 0;
    }
}
