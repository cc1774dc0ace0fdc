// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        customSynopsis = "VOLUME",
        description = "Tells by its exit code whether there is a volume.",
        footer = "kelp volume exists data || kelp volume create data")
public final class ExistsCommand extends dev.kelp.cli.ExistsCommand {
    @Parameters(paramLabel = "VOLUME")
    String name = "";

    @Override
    protected boolean exists(Invocation call) {
        return call.namespace().volumes().find(name).isPresent();
    }
}
