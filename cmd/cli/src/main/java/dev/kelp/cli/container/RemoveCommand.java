// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        customSynopsis = "[OPTIONS] CONTAINER…",
        description = "Removes containers that do not run.",
        footer = {"kelp rm web", "kelp rm -f $(kelp ps -aq)"})
public final class RemoveCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--force"},
            description = "kill running ones first")
    boolean force;

    @Option(
            names = {"-v", "--volumes"},
            description = "remove their anonymous volumes too")
    boolean volumes;

    @Parameters(arity = "1..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        return EachContainer.perform(call, names, n -> call.containers().remove(n, force, volumes));
    }
}
