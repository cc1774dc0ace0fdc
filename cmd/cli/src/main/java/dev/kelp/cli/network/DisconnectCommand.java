// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "disconnect",
        customSynopsis = "[OPTIONS] NETWORK CONTAINER",
        description = "Takes a running container out of a network.",
        footer = "kelp network disconnect back postgres")
public final class DisconnectCommand extends KelpCommand {
    @Option(
            names = {"-f", "--force"},
            description = "accepted for compatibility")
    boolean force;

    @Parameters(index = "0", paramLabel = "NETWORK")
    String network = "";

    @Parameters(index = "1", paramLabel = "CONTAINER")
    String container = "";

    @Override
    public int run(Invocation call) {
        call.namespace().networks().disconnect(network, container);
        return 0;
    }
}
