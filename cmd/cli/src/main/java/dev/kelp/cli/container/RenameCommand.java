// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "rename",
        customSynopsis = "CONTAINER NAME",
        description = "Gives a container another name.",
        footer = "kelp rename web old-web")
public final class RenameCommand extends KelpCommand {
    @Parameters(index = "0", paramLabel = "CONTAINER")
    String container = "";

    @Parameters(index = "1", paramLabel = "NAME")
    String name = "";

    @Override
    public int run(Invocation call) {
        call.containers().rename(container, name);
        return 0;
    }
}
