// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        customSynopsis = "CONTAINER",
        description = "Tells by its exit code whether there is a container, running or not.",
        footer = "kelp container exists web || kelp run -d --name web nginx")
public final class ExistsCommand extends dev.kelp.cli.ExistsCommand {
    @Parameters(paramLabel = "CONTAINER")
    String name = "";

    @Override
    protected boolean exists(Invocation call) {
        call.containers().resolve(name);
        return true;
    }
}
