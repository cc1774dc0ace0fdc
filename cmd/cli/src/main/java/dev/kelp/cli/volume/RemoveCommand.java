// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Volumes;
import dev.kelp.engine.Volumes.Volume;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        customSynopsis = "[OPTIONS] VOLUME…",
        description = "Removes volumes and what is in them. One that a container has, running or not, stays.",
        footer = {"kelp volume rm data", "kelp volume rm $(kelp volume ls -q --filter label=project)"})
public final class RemoveCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--force"},
            description = "one that is not there is no error")
    boolean force;

    @Option(
            names = {"-a", "--all"},
            description = "all volumes that no container has")
    boolean all;

    @Parameters(arity = "0..*", paramLabel = "VOLUME")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        Volumes volumes = call.namespace().volumes();
        if (all == !names.isEmpty()) {
            throw KelpException.invalid(
                    all ? "--all and names exclude each other" : "requires at least 1 argument: the name of a volume");
        }
        List<String> wanted = all ? volumes.list().stream().map(Volume::name).toList() : names;
        return Each.printing(call, wanted, Each.ignoringMissing(force, volumes::remove));
    }
}
