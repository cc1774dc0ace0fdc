// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.context;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.format.Listing;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        customSynopsis = "[OPTIONS]",
        description = "Lists contexts: there is one, the engine of this user.",
        footer = "kelp context ls")
public final class ListCommand extends KelpCommand {
    @Option(
            names = {"-q", "--quiet"},
            description = "only the names")
    boolean quiet;

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        if (quiet) {
            call.out().append(Context.NAME).append('\n');
            return 0;
        }
        new Listing<String>()
                .column("NAME", "Name", name -> format == null || format.isEmpty() ? name + " *" : name)
                .column("DESCRIPTION", "Description", name -> Context.description())
                .column("DOCKER ENDPOINT", "DockerEndpoint", name -> Context.endpoint(call))
                .column("ERROR", "Error", name -> "")
                .field("Current", name -> true)
                .print(call.out(), format, List.of(Context.NAME));
        return 0;
    }
}
