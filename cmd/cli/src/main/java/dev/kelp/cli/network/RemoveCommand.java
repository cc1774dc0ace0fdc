// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
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
        KelpException failure = null;
        for (String name : names) {
            try {
                call.namespace().networks().remove(name);
                call.out().append(name).append('\n');
            } catch (KelpException e) {
                if (force && e.kind() == ErrorKind.NOT_FOUND) {
                    continue;
                }
                failure = failure == null
                        ? e
                        : new KelpException(e.kind(), failure.getMessage() + "\n" + e.getMessage(), failure);
            }
        }
        if (failure != null) {
            throw failure;
        }
        return 0;
    }
}
