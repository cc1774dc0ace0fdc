// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.flags.NetworkFlags;
import dev.kelp.model.network.Networking.Wish;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "connect",
        customSynopsis = "[OPTIONS] NETWORK CONTAINER",
        description = "Lets a running container join another network: it gets another interface.",
        footer = "kelp network connect --alias db back postgres")
public final class ConnectCommand extends KelpCommand {
    @Option(names = "--alias", paramLabel = "NAME", description = "another name on that network")
    List<String> aliases = new ArrayList<>();

    @Option(names = "--ip", paramLabel = "ADDRESS", description = "IPv4 address")
    @Nullable
    String ip;

    @Option(names = "--ip6", paramLabel = "ADDRESS", description = "IPv6 address")
    @Nullable
    String ip6;

    @Option(
            names = "--link-local-ip",
            paramLabel = "ADDRESS",
            description = "a further address, good for the link alone")
    List<String> linkLocal = new ArrayList<>();

    @Parameters(index = "0", paramLabel = "NETWORK")
    String network = "";

    @Parameters(index = "1", paramLabel = "CONTAINER")
    String container = "";

    @Override
    public int run(Invocation call) {
        ConfiguredNetworks.takeUp(call);
        List<String> further = linkLocal.stream().map(NetworkFlags::linkLocal).toList();
        call.namespace().networks().connect(network, container, new Wish(network, aliases, ip, ip6, null, further));
        return 0;
    }
}
