// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import dev.kelp.model.Reference;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "untag",
        customSynopsis = "IMAGE [NAME…]",
        description = "Takes names away from an image, all of them when none is given. The image stays, also without"
                + " a name.",
        footer = "kelp untag app registry.example/team/app:1.2")
public final class UntagCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(index = "0", paramLabel = "IMAGE")
    String image = "";

    @Parameters(index = "1..*", paramLabel = "NAME")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        call.images().untag(image, names.stream().map(Reference::parse).toList());
        return 0;
    }
}
