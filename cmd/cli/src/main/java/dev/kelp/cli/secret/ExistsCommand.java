// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.secret;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        customSynopsis = "SECRET",
        description = "Tells by its exit code whether there is a secret.",
        footer = "kelp secret exists token || kelp secret create token -")
public final class ExistsCommand extends dev.kelp.cli.ExistsCommand {
    @Parameters(paramLabel = "SECRET")
    String name = "";

    @Override
    protected boolean exists(Invocation call) {
        return call.namespace().secrets().find(name).isPresent();
    }
}
