// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "update",
        customSynopsis = "[OPTIONS] NAMESPACE",
        description = "Changes labels of a namespace; those that are not named stay, one with an empty value goes.",
        footer = {"kelp namespace update --label owner=me build", "kelp namespace update --label owner= build"})
public final class UpdateCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY[=VALUE]",
            description = "a label; without a value it is true")
    List<String> labels = new ArrayList<>();

    @Parameters(paramLabel = "NAMESPACE")
    String name = "";

    @Override
    public int run(Invocation call) {
        if (labels.isEmpty()) {
            throw KelpException.invalid("required flag(s) \"label\" not set");
        }
        call.engine().namespaces().label(name, Labels.parse(labels));
        return 0;
    }
}
