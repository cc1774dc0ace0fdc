// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.context;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "use",
        customSynopsis = "CONTEXT",
        description = "Chooses a context; the only one is in use already.",
        footer = "kelp context use default")
public final class UseCommand extends KelpCommand {
    @Parameters(paramLabel = "CONTEXT")
    String name = "";

    @Override
    public int run(Invocation call) {
        Context.check(name);
        call.out().append(name).append('\n');
        return 0;
    }
}
