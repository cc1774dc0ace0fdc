// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        customSynopsis = "IMAGE",
        description = "Tells by its exit code whether an image of that name or id is here.",
        footer = "kelp image exists alpine || kelp pull alpine")
public final class ExistsCommand extends dev.kelp.cli.ExistsCommand {
    @Parameters(paramLabel = "IMAGE")
    String name = "";

    @Override
    protected boolean exists(Invocation call) {
        return call.images().find(name).isPresent();
    }
}
