// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        customSynopsis = "[OPTIONS]",
        description = "Lists the namespaces: sets of images and containers with names of their own.",
        footer = "kelp namespace ls -q")
public final class NamespaceListCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-q", "--quiet"},
            description = "only the names")
    boolean quiet;

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        List<String> names = call.engine().namespaces();
        if (quiet) {
            names.forEach(n -> call.out().append(n).append('\n'));
            return 0;
        }
        new Listing<String>()
                .column("NAME", "Name", n -> n)
                .column(
                        "CONTAINERS",
                        "Containers",
                        n -> call.engine().namespace(n).containers().list(true).size())
                .column(
                        "IMAGES",
                        "Images",
                        n -> call.engine().namespace(n).images().list().size())
                .print(call.out(), format, names);
        return 0;
    }
}
