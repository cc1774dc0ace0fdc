// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.secret;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Secrets;
import dev.kelp.engine.Secrets.Secret;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        customSynopsis = "[OPTIONS] SECRET…",
        description = "Removes secrets. Containers that were made with one keep it.",
        footer = {"kelp secret rm db-password", "kelp secret rm --all"})
public final class RemoveCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-a", "--all"},
            description = "all of them")
    boolean all;

    @Option(
            names = {"-i", "--ignore"},
            description = "one that is not there is no error")
    boolean ignore;

    @Parameters(arity = "0..*", paramLabel = "SECRET")
    List<String> names = new ArrayList<>();

    @Override
    public int errorCode() {
        return 125;
    }

    @Override
    public int run(Invocation call) {
        if (all == !names.isEmpty()) {
            throw KelpException.invalid(
                    all ? "--all and names exclude each other" : "requires at least 1 argument: the name of a secret");
        }
        Secrets secrets = call.namespace().secrets();
        List<String> wanted = all ? secrets.list().stream().map(Secret::id).toList() : names;
        Each.of(
                wanted,
                Each.ignoringMissing(
                        ignore, name -> call.out().append(secrets.remove(name)).append('\n')));
        return 0;
    }
}
