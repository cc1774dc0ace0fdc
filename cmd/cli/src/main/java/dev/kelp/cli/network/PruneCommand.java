// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.engine.Networks;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "prune",
        customSynopsis = "[OPTIONS]",
        description = "Removes all networks that no running container is on, except those that are always there.",
        footer = "kelp network prune -f")
public final class PruneCommand extends KelpCommand {
    private static final System.Logger LOG = System.getLogger(PruneCommand.class.getName());
    private static final Set<String> FIXED = Set.of(Networks.BRIDGE, Networks.HOST, Networks.NONE);

    @Option(
            names = {"-f", "--force"},
            description = "do not ask")
    boolean force;

    @Option(names = "--filter", paramLabel = "KEY=VALUE", description = "label, name, driver")
    List<String> filters = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        NetworkFilter chosen = new NetworkFilter(filters);
        if (!force && !confirmed(call)) {
            return 0;
        }
        Networks networks = call.namespace().networks();
        List<String> removed = new ArrayList<>();
        for (NetworkDefinition n : networks.list()) {
            if (!FIXED.contains(n.name()) && chosen.test(n)) {
                try {
                    networks.remove(n.name());
                    removed.add(n.name());
                } catch (KelpException e) {
                    // in use: whom prune spares
                    LOG.log(Level.DEBUG, "spare a network", e);
                }
            }
        }
        if (!removed.isEmpty()) {
            call.out().append("Deleted Networks:\n");
            removed.forEach(n -> call.out().append(n).append('\n'));
        }
        return 0;
    }

    private static boolean confirmed(Invocation call) {
        return call.client()
                .prompt(
                        "WARNING! This will remove all networks not used by at least one container.\n"
                                + "Are you sure you want to continue? [y/N] ",
                        true)
                .filter(answer -> answer.strip().equalsIgnoreCase("y"))
                .isPresent();
    }
}
