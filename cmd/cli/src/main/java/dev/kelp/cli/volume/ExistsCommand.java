// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "exists",
        customSynopsis = "VOLUME",
        description = "Tells by its exit code whether there is a volume: 0 when there is, 1 when there is not.",
        footer = "kelp volume exists data || kelp volume create data")
public final class ExistsCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(paramLabel = "VOLUME")
    String name = "";

    @Override
    public int run(Invocation call) {
        return call.namespace().volumes().find(name).isPresent() ? 0 : 1;
    }

    @Override
    public int errorCode() {
        return 125;
    }
}
