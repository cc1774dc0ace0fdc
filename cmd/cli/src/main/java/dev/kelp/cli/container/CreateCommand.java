// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;

@Command(
        name = "create",
        customSynopsis = "[OPTIONS] IMAGE [COMMAND [ARGUMENT…]]",
        description = "Makes a container of IMAGE without starting it, and prints its id.",
        footer = {"kelp create --name db -e PASSWORD postgres", "kelp start db"})
public final class CreateCommand extends CreatingCommand {
    @Override
    public int run(Invocation call) {
        String id = create(call, process.interactive(), false);
        call.out().append(id).append('\n');
        return 0;
    }

    @Override
    public int errorCode() {
        return 1;
    }
}
