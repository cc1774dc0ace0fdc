// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Confirmation;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "prune",
        customSynopsis = "[OPTIONS]",
        description = "Removes all networks that no running container is on, except those that are always there.",
        footer = "kelp network prune -f")
public final class PruneCommand extends KelpCommand {

    private static final String WARNING =
            "WARNING! This will remove all custom networks not used by at least one container.\n";

    @Option(
            names = {"-f", "--force"},
            description = "do not ask")
    boolean force;

    @Option(names = "--filter", paramLabel = "KEY=VALUE", description = "label, name, driver")
    List<String> filters = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        NetworkFilter chosen = new NetworkFilter(filters);
        if (!force && !Confirmation.isGiven(call, WARNING)) {
            return 0;
        }
        UnusedNetworks.remove(call, chosen);
        return 0;
    }
}
