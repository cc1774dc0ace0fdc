// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        customSynopsis = "NETWORK",
        description = "Tells by its exit code whether there is a network.",
        footer = "kelp network exists front || kelp network create front")
public final class ExistsCommand extends dev.kelp.cli.ExistsCommand {
    @Parameters(paramLabel = "NETWORK")
    String name = "";

    @Override
    protected boolean exists(Invocation call) {
        call.namespace().networks().inspect(name);
        return true;
    }
}
