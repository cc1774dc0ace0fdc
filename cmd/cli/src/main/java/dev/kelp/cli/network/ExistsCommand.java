// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "exists",
        customSynopsis = "NETWORK",
        description = "Tells by its exit code whether there is a network.",
        exitCodeList = {"0:there is one", "1:there is none", "125:it could not be found out"},
        footer = "kelp network exists front || kelp network create front")
public final class ExistsCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(paramLabel = "NETWORK")
    String name = "";

    @Override
    public int run(Invocation call) {
        try {
            call.namespace().networks().inspect(name);
            return 0;
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return 1;
            }
            throw e;
        }
    }

    @Override
    public int errorCode() {
        return 125;
    }
}
