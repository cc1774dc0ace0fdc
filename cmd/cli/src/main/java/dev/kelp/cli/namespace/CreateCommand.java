// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.cli.Invocation;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "create",
        customSynopsis = "[OPTIONS] NAMESPACE",
        description = "Makes a namespace. To work in one it need not be made before.",
        footer = {"kelp namespace create --label owner=ci build", "kelp --namespace build pull alpine"})
public final class CreateCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY[=VALUE]",
            description = "a label; without a value it is true")
    List<String> labels = new ArrayList<>();

    @Parameters(paramLabel = "NAMESPACE")
    String name = "";

    @Override
    public int run(Invocation call) {
        call.engine().namespaces().create(name, Labels.parse(labels));
        return 0;
    }
}
