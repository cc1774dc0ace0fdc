// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.namespace;

import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "update",
        customSynopsis = "[OPTIONS] NAMESPACE",
        description = "Changes labels of a namespace; those that are not named stay, one with an empty value goes.",
        footer = {"kelp namespace update --label owner=me build", "kelp namespace update --label owner= build"})
public final class UpdateCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    LabelFlags labels = new LabelFlags();

    @Parameters(paramLabel = "NAMESPACE")
    String name = "";

    @Override
    public int run(Invocation call) {
        if (labels.words.isEmpty()) {
            throw KelpException.invalid("required flag(s) \"label\" not set");
        }
        call.engine().namespaces().label(name, labels.map());
        return 0;
    }
}
