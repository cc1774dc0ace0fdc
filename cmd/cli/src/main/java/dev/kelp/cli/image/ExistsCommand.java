// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "exists",
        customSynopsis = "IMAGE",
        description = "Exits with 0 when an image of that name or id is here, and with 1 when not.",
        footer = "kelp image exists alpine || kelp pull alpine")
public final class ExistsCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(paramLabel = "IMAGE")
    String name = "";

    @Override
    public int run(Invocation call) {
        return call.images().find(name).isPresent() ? 0 : 1;
    }

    @Override
    public int errorCode() {
        return 125;
    }
}
