// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.flags.EnvFile;
import dev.kelp.engine.Networks.NewNetwork;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "create",
        customSynopsis = "[OPTIONS] NETWORK",
        description = "Makes a network. Containers on it find each other by name and are apart from those on other"
                + " networks.",
        footer = {
            "kelp network create front",
            "kelp network create --subnet 10.9.0.0/24 --gateway 10.9.0.254 back",
            "kelp network create --internal secrets        no way out"
        })
public final class CreateCommand extends KelpCommand {
    @Option(
            names = {"-d", "--driver"},
            paramLabel = "DRIVER",
            description = "bridge (the default)")
    String driver = "bridge";

    @Option(names = "--subnet", paramLabel = "CIDR", description = "its addresses; one of each family")
    List<String> subnets = new ArrayList<>();

    @Option(names = "--gateway", paramLabel = "ADDRESS", description = "the bridge's own address (default: the first)")
    List<String> gateways = new ArrayList<>();

    @Option(names = "--ip-range", paramLabel = "CIDR", description = "containers get addresses from this part only")
    List<String> ranges = new ArrayList<>();

    @Option(names = "--internal", description = "no way out, and none in")
    boolean internal;

    @Option(names = "--ipv6", description = "IPv6 as well")
    boolean ipv6;

    @Option(names = "--label", paramLabel = "NAME=VALUE", description = "label")
    List<String> labels = new ArrayList<>();

    @Option(
            names = {"-o", "--opt"},
            paramLabel = "NAME=VALUE",
            description = "com.docker.network.driver.mtu or mtu, com.docker.network.bridge.name, ….enable_icc")
    List<String> options = new ArrayList<>();

    @Option(
            names = "--ipam-driver",
            paramLabel = "DRIVER",
            description = "default or host-local: addresses are always kept by the engine")
    String ipamDriver = "default";

    @Option(names = "--attachable", description = "accepted for compatibility: every network is")
    boolean attachable;

    @Parameters(paramLabel = "NETWORK")
    String name = "";

    @Override
    public int run(Invocation call) {
        if (!List.of("default", "host-local").contains(ipamDriver)) {
            throw dev.kelp.model.KelpException.invalid("unknown ipam driver `" + ipamDriver + "`");
        }
        NewNetwork wanted = new NewNetwork(
                name,
                driver,
                subnets,
                gateways,
                ranges,
                internal,
                ipv6,
                EnvFile.pairs("--label", labels),
                EnvFile.pairs("--opt", options));
        call.out().append(call.namespace().networks().create(wanted).id()).append('\n');
        return 0;
    }
}
