// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.InspectingCommand;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Namespaces.NamespaceSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] NAMESPACE…",
        description = "Prints names and labels of namespaces.",
        footer = "kelp namespace inspect --format '{{json .Labels}}' build")
public final class InspectCommand extends InspectingCommand {
    @Parameters(arity = "1..*", paramLabel = "NAMESPACE")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        return inspect(call, names, name -> {
            NamespaceSummary n = call.engine().namespaces().inspect(name);
            return new Struct()
                    .with("Name", n.name())
                    .with("Labels", new TreeMap<>(n.labels()))
                    .map();
        });
    }
}
