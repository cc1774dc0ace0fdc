// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.cli.Each;
import dev.kelp.cli.Invocation;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "rm",
        customSynopsis = "[OPTIONS] NAMESPACE…",
        description = "Removes namespaces in which there is nothing any more. One that is not there is no error.",
        footer = {"kelp namespace rm build", "kelp --namespace build system prune -af --volumes"})
public final class RemoveCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-c", "--cgroup"},
            description = "accepted for compatibility: Kelp keeps no cgroup for a namespace")
    boolean cgroup;

    @Option(
            names = {"-f", "--force"},
            description = "accepted for compatibility")
    boolean force;

    @Parameters(arity = "1..*", paramLabel = "NAMESPACE")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        return Each.printing(
                call,
                names,
                Each.ignoringMissing(true, name -> call.engine().namespaces().remove(name)));
    }
}
