// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        customSynopsis = "[OPTIONS] NETWORK…",
        description = "Removes networks that no running container is on.",
        footer = "kelp network rm front back")
public final class RemoveCommand extends KelpCommand {
    @Option(
            names = {"-f", "--force"},
            description = "one that is not there is no error")
    boolean force;

    @Parameters(arity = "1..*", paramLabel = "NETWORK")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        ConfiguredNetworks.takeUp(call);
        Each.of(names, Each.ignoringMissing(force, name -> {
            call.namespace().networks().remove(name);
            call.out().append(name).append('\n');
        }));
        return 0;
    }
}
