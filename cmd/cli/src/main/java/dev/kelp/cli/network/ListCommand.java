// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.format.Listing;
import dev.kelp.model.network.NetworkDefinition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "ls",
        customSynopsis = "[OPTIONS]",
        description = "Lists networks.",
        footer = {"kelp network ls", "kelp network ls -q --filter label=project=web"})
public final class ListCommand extends KelpCommand {
    private static final int SHORT_ID_CHARS = 12;

    @Option(
            names = {"-q", "--quiet"},
            description = "only the ids")
    boolean quiet;

    @Option(names = "--no-trunc", description = "whole ids")
    boolean noTrunc;

    @Option(
            names = {"-f", "--filter"},
            paramLabel = "KEY=VALUE",
            description = "driver, id, label, name, scope, type")
    List<String> filters = new ArrayList<>();

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    @Override
    public int run(Invocation call) {
        ConfiguredNetworks.takeUp(call);
        List<NetworkDefinition> networks = call.namespace().networks().list().stream()
                .filter(new NetworkFilter(filters))
                .toList();
        if (quiet && format == null) {
            networks.forEach(n -> call.out().append(id(n)).append('\n'));
            return 0;
        }
        new Listing<NetworkDefinition>()
                .column("NETWORK ID", "ID", this::id)
                .column("NAME", "Name", NetworkDefinition::name)
                .column("DRIVER", "Driver", NetworkDefinition::driver)
                .column("SCOPE", "Scope", n -> "local")
                .field("IPv4", n -> n.pools().stream().anyMatch(p -> !p.subnet().isIpv6()))
                .field("IPv6", n -> n.pools().stream().anyMatch(p -> p.subnet().isIpv6()))
                .field("Internal", NetworkDefinition::internal)
                .labels(NetworkDefinition::labels)
                .field("CreatedAt", n -> Instant.ofEpochMilli(n.createdMillis()).toString())
                .print(call.out(), format, networks);
        return 0;
    }

    private String id(NetworkDefinition network) {
        return noTrunc ? network.id() : network.id().substring(0, SHORT_ID_CHARS);
    }
}
