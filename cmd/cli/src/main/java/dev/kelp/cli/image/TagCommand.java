// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.model.Reference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "tag",
        customSynopsis = "IMAGE NAME[:TAG]",
        description = "Gives an image another name.",
        footer = "kelp tag app registry.example/team/app:1.2")
public final class TagCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(index = "0", paramLabel = "IMAGE")
    String source = "";

    @Parameters(index = "1", paramLabel = "NAME[:TAG]")
    String target = "";

    @Override
    public int run(Invocation call) {
        call.images().tag(source, Reference.parse(target));
        return 0;
    }
}
