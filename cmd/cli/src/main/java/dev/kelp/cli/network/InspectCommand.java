// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.InspectingCommand;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] NETWORK…",
        description = "Prints everything about networks, with the containers on them.",
        footer = "kelp network inspect --format '{{range .IPAM.Config}}{{.Subnet}}{{end}}' bridge")
public final class InspectCommand extends InspectingCommand {
    @Option(
            names = {"-v", "--verbose"},
            description = "accepted for compatibility")
    boolean verbose;

    @Parameters(arity = "1..*", paramLabel = "NETWORK")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        ConfiguredNetworks.takeUp(call);
        return inspect(call, names, name -> document(call, name));
    }

    /// As `network inspect` shows it.
    public static Map<String, @Nullable Object> describe(Invocation call, String name) {
        ConfiguredNetworks.takeUp(call);
        return document(call, name);
    }

    private static Map<String, @Nullable Object> document(Invocation call, String name) {
        return DockerNetwork.describe(call.namespace().networks().inspect(name));
    }
}
