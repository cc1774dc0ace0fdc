// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.secret;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "exists",
        customSynopsis = "SECRET",
        description = "Tells by its exit code whether there is a secret: 0 when there is, 1 when there is not.",
        footer = "kelp secret exists token || kelp secret create token -")
public final class ExistsCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(paramLabel = "SECRET")
    String name = "";

    @Override
    public int run(Invocation call) {
        return call.namespace().secrets().find(name).isPresent() ? 0 : 1;
    }

    @Override
    public int errorCode() {
        return 125;
    }
}
