// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "healthcheck",
        customSynopsis = "CONTAINER",
        description = "Runs a container's health check now, besides its schedule. `inspect` tells what came of it.",
        footer = "kelp container healthcheck web && kelp inspect -f '{{.State.Health.Status}}' web")
public final class HealthcheckCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(paramLabel = "CONTAINER")
    String name = "";

    @Override
    public int run(Invocation call) {
        call.containers().checkHealth(name);
        return 0;
    }
}
