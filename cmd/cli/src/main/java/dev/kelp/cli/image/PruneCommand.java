// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Confirmation;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Units;
import dev.kelp.engine.Images.Pruned;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "prune",
        customSynopsis = "[OPTIONS]",
        description = "Removes dangling images, or with --all every image that no container uses.",
        footer = {"kelp image prune", "kelp image prune -af --filter until=720h"})
public final class PruneCommand extends dev.kelp.cli.KelpCommand {
    private static final String DANGLING = "WARNING! This will remove all dangling images.\n";
    private static final String ALL =
            "WARNING! This will remove all images without at least one container associated to them.\n";

    @Option(
            names = {"-a", "--all"},
            description = "also images with names, unless a container uses them")
    boolean all;

    @Option(
            names = {"-f", "--force"},
            description = "do not ask")
    boolean force;

    @Option(
            names = "--filter",
            paramLabel = "KEY=VALUE",
            description = "only images made before until=TIME, or with (label=) or without (label!=) a label")
    List<String> filters = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        var wanted = ImageFilters.forPruning(filters, call);
        if (!force && !Confirmation.isGiven(call, all ? ALL : DANGLING)) {
            return 0;
        }
        Pruned pruned = call.images().prune(all, wanted);
        if (!pruned.untagged().isEmpty() || !pruned.deleted().isEmpty()) {
            call.out().append("Deleted Images:\n");
            pruned.untagged().forEach(n -> call.out().append("untagged: " + n + "\n"));
            pruned.deleted().forEach(d -> call.out().append("deleted: " + d + "\n"));
            call.out().append('\n');
        }
        call.out().append("Total reclaimed space: " + Units.decimalSize(pruned.reclaimedBytes()) + "\n");
        return 0;
    }
}
