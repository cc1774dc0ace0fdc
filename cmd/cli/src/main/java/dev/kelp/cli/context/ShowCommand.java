// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.context;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import picocli.CommandLine.Command;

@Command(
        name = "show",
        customSynopsis = "",
        description = "Prints the name of the context in use.",
        footer = "kelp context show")
public final class ShowCommand extends KelpCommand {
    @Override
    public int run(Invocation call) {
        call.out().append(Context.NAME).append('\n');
        return 0;
    }
}
