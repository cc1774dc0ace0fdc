// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Confirmation;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.container.StoppedContainers;
import dev.kelp.cli.format.Units;
import dev.kelp.cli.image.ImageFilters;
import dev.kelp.cli.network.UnusedNetworks;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Images.Pruned;
import dev.kelp.engine.Volumes;
import dev.kelp.model.KelpException;
import java.io.PrintStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "prune",
        customSynopsis = "[OPTIONS]",
        description =
                "Removes all stopped containers, unused networks and dangling images; with --all every image that no"
                        + " container uses.",
        footer = {
            "kelp system prune",
            "kelp system prune -af --filter until=24h",
            "kelp system prune -af --volumes --filter 'label!=keep'"
        })
public final class SystemPruneCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-a", "--all"},
            description = "also images with names, unless a container uses them")
    boolean all;

    @Option(names = "--volumes", description = "also anonymous volumes that no container uses")
    boolean volumes;

    @Option(
            names = {"-f", "--force"},
            description = "do not ask")
    boolean force;

    @Option(
            names = "--filter",
            paramLabel = "KEY=VALUE",
            description = "only what was made before until=TIME, or has (label=) or lacks (label!=) a label")
    List<String> filters = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        if (volumes && filters.stream().anyMatch(f -> f.startsWith("until="))) {
            throw KelpException.invalid("the \"until\" filter is not supported with \"--volumes\"")
                    .withHint(
                            "a volume has no time at which it was last used; filter by label=, or leave --volumes out");
        }
        var containers = StoppedContainers.filter(call, filters);
        var networks = StoppedContainers.conditions(call, filters);
        var images = ImageFilters.forPruning(filters, call);
        if (!force && !Confirmation.isGiven(call, warning())) {
            return 0;
        }
        PrintStream out = call.out();
        Containers.Pruned removed = call.containers().prune(containers);
        StoppedContainers.print(removed, out);
        UnusedNetworks.remove(call, n -> networks.test(Instant.ofEpochMilli(n.createdMillis()), n.labels()));
        long bytes = removed.bytes();
        if (volumes) {
            bytes += pruneVolumes(call);
        }
        Pruned pruned = call.images().prune(all, images);
        if (!pruned.untagged().isEmpty() || !pruned.deleted().isEmpty()) {
            out.append("Deleted Images:\n");
            pruned.untagged().forEach(n -> out.append("untagged: " + n + "\n"));
            pruned.deleted().forEach(d -> out.append("deleted: " + d + "\n"));
            out.append('\n');
        }
        out.append("Total reclaimed space: " + Units.decimalSize(bytes + pruned.reclaimedBytes()) + "\n");
        return 0;
    }

    /// Those nobody named; a filter by labels holds for them too, one by time does not.
    private long pruneVolumes(Invocation call) {
        Predicate<Map<String, String>> labels = StoppedContainers.labels(filters);
        Volumes.Pruned pruned = call.namespace().volumes().prune(v -> v.anonymous() && labels.test(v.labels()));
        if (!pruned.names().isEmpty()) {
            call.out().append("Deleted Volumes:\n");
            pruned.names().forEach(n -> call.out().append(n).append('\n'));
            call.out().append('\n');
        }
        return pruned.bytes();
    }

    private String warning() {
        StringBuilder b = new StringBuilder("WARNING! This will remove:\n  - all stopped containers\n");
        b.append("  - all networks not used by at least one container\n");
        b.append(
                all
                        ? "  - all images without at least one container associated to them\n"
                        : "  - all dangling images\n");
        if (volumes) {
            b.append("  - all anonymous volumes not used by at least one container\n");
        }
        if (!filters.isEmpty()) {
            b.append("\n  Items to be pruned will be filtered with:\n");
            filters.forEach(f -> b.append("  - ").append(f).append('\n'));
        }
        return b.append('\n').toString();
    }
}
