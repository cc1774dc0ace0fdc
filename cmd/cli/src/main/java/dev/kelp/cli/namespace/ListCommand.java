// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import dev.kelp.engine.Namespaces.NamespaceSummary;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        customSynopsis = "[OPTIONS]",
        description = "Lists the namespaces: sets of images, containers and volumes with names of their own."
                + " Networks are shared by all.",
        footer = {"kelp namespace ls", "kelp namespace ls --format '{{.Name}}: {{.Images}}'"})
public final class ListCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-q", "--quiet"},
            description = "only the names")
    boolean quiet;

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        List<NamespaceSummary> all = call.engine().namespaces().list();
        if (quiet) {
            if (format != null && !format.isEmpty()) {
                throw KelpException.invalid("--quiet and --format exclude each other");
            }
            all.forEach(n -> call.out().append(n.name()).append('\n'));
            return 0;
        }
        new Listing<NamespaceSummary>()
                .column("NAME", "Name", NamespaceSummary::name)
                .column("CONTAINERS", "Containers", NamespaceSummary::containers)
                .column("IMAGES", "Images", NamespaceSummary::images)
                .column("VOLUMES", "Volumes", NamespaceSummary::volumes)
                .column(
                        "LABELS",
                        "Labels",
                        n -> new TreeMap<>(n.labels())
                                .entrySet().stream()
                                        .map(e -> e.getKey() + "=" + e.getValue())
                                        .collect(Collectors.joining(",")))
                .print(call.out(), format, all);
        return 0;
    }
}
