// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "create",
        customSynopsis = "[OPTIONS] NAMESPACE",
        description = "Makes a namespace. To work in one it need not be made before.",
        footer = {"kelp namespace create --label owner=ci build", "kelp --namespace build pull alpine"})
public final class CreateCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    LabelFlags labels = new LabelFlags();

    @Parameters(paramLabel = "NAMESPACE")
    String name = "";

    @Override
    public int run(Invocation call) {
        call.engine().namespaces().create(name, labels.map());
        return 0;
    }
}
