// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.format.Documents;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] NETWORK…",
        description = "Prints everything about networks, with the containers on them.",
        footer = "kelp network inspect --format '{{range .IPAM.Config}}{{.Subnet}}{{end}}' bridge")
public final class InspectCommand extends KelpCommand {
    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json, or a Go template")
    @Nullable
    String format;

    @Option(
            names = {"-v", "--verbose"},
            description = "accepted for compatibility")
    boolean verbose;

    @Parameters(arity = "1..*", paramLabel = "NETWORK")
    List<String> names = new ArrayList<>();

    @Override
    public int run(Invocation call) {
        ConfiguredNetworks.takeUp(call);
        List<Object> found = new ArrayList<>();
        KelpException failure = null;
        for (String name : names) {
            try {
                found.add(DockerNetwork.describe(call.namespace().networks().inspect(name)));
            } catch (KelpException e) {
                failure = failure == null
                        ? e
                        : new KelpException(e.kind(), failure.getMessage() + "\n" + e.getMessage(), failure);
            }
        }
        Documents.print(call.out(), format, found);
        if (failure != null) {
            throw failure;
        }
        return 0;
    }
}
