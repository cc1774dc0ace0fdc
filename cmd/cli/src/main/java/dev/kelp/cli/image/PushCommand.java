// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Images.PushOptions;
import dev.kelp.model.Reference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "push",
        customSynopsis = "[OPTIONS] IMAGE",
        description = "Sends an image to the registry its name says. What is there already is not sent again.",
        footer = {"kelp tag app registry.example/team/app:1.2", "kelp push registry.example/team/app:1.2"})
public final class PushCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    TransferFlags transfer = new TransferFlags();

    @Parameters(paramLabel = "IMAGE")
    String image = "";

    @Override
    public int run(Invocation call) {
        Reference reference = Reference.parse(image);
        PushOptions options = new PushOptions(transfer.platforms(), transfer.allPlatforms(), call.registry());
        transfer.run(call, false, p -> call.images().push(reference, options, call.client(), p));
        if (transfer.quiet()) {
            call.out().append(reference.toString()).append('\n');
        }
        return 0;
    }
}
