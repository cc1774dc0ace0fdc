// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "CONTAINER")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) throws InterruptedException {
        List<String> chosen = latest.or(call, names);
        List<String> wanted =
                force ? chosen.stream().filter(n -> isHere(call, n)).toList() : chosen;
        return Each.printing(call, wanted, n -> remove(call, n));
    }

    private void remove(Invocation call, String name) {
        try {
            call.containers().remove(name, force, volumes);
        } catch (KelpException e) {
            // somebody else was faster
            if (!force || e.kind() != ErrorKind.NOT_FOUND) {
                throw e;
            }
        }
    }

    /// With `-f` one that is not there is as it should be.
    private static boolean isHere(Invocation call, String name) {
        try {
            call.containers().resolve(name);
            return true;
        } catch (KelpException e) {
            return e.kind() != ErrorKind.NOT_FOUND;
        }
    }
}
