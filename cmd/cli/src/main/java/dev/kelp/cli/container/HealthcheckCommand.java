// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "healthcheck",
        customSynopsis = "CONTAINER",
        description = {
            "Runs a container's health check now, besides its schedule. `inspect` tells what came of it.",
            "`healthcheck run` also tells by its exit code: 1 when the check failed. For `container healthcheck` that"
                    + " is no error."
        },
        exitCodeList = {"0:the check was run", "1:it failed, or could not be run"},
        footer = {
            "kelp container healthcheck web && kelp inspect -f '{{.State.Health.Status}}' web",
            "kelp healthcheck run web || kelp restart web"
        })
public final class HealthcheckCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(paramLabel = "CONTAINER")
    String name = "";

    private final boolean judges;

    /// @param judges as Podman's `healthcheck run`: a failed check is a failed command
    public HealthcheckCommand(boolean judges) {
        this.judges = judges;
    }

    @Override
    public int run(Invocation call) {
        if (call.containers().checkHealth(name).exitCode() == 0 || !judges) {
            return 0;
        }
        call.out().append("unhealthy\n");
        return 1;
    }
}
