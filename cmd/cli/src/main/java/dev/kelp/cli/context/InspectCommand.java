// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.context;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.InspectingCommand;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] [CONTEXT…]",
        description = "Prints everything about contexts; about the one in use when none is named.",
        footer = "kelp context inspect --format '{{.Endpoints.docker.Host}}'")
public final class InspectCommand extends InspectingCommand {
    @Parameters(arity = "0..*", paramLabel = "CONTEXT")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        return inspect(call, names.isEmpty() ? List.of(Context.NAME) : names, name -> {
            Context.check(name);
            return Context.describe(call);
        });
    }
}
