// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.cli.flags.EnvFile;
import dev.kelp.engine.Networks.Addressing;
import dev.kelp.engine.Networks.NewNetwork;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
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
            "kelp network create --internal secrets        no way out",
            "kelp network create --ipv6 --ipv4=false six"
        })
public final class CreateCommand extends KelpCommand {
    private static final String LOCAL = "local";

    @Option(
            names = {"-d", "--driver"},
            paramLabel = "DRIVER",
            description = "bridge (the default)")
    String driver = "bridge";

    @Option(names = "--subnet", paramLabel = "CIDR", split = ",", description = "its addresses; one of each family")
    List<String> subnets = new ArrayList<>();

    @Option(
            names = "--gateway",
            paramLabel = "ADDRESS",
            split = ",",
            description = "the bridge's own address (default: the first)")
    List<String> gateways = new ArrayList<>();

    @Option(
            names = "--ip-range",
            paramLabel = "CIDR",
            split = ",",
            description = "containers get addresses from this part only")
    List<String> ranges = new ArrayList<>();

    @Option(names = "--internal", description = "no way out, and none in")
    boolean internal;

    @Option(
            names = "--ipv4",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "true|false",
            description = "IPv4 (the default); false with --ipv6 for IPv6 alone")
    boolean ipv4 = true;

    @Option(
            names = "--ipv6",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "true|false",
            description = "IPv6 as well")
    @Nullable
    Boolean ipv6;

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

    @Option(names = "--ipam-opt", paramLabel = "NAME=VALUE", description = "kept and shown; has no effect")
    List<String> ipamOptions = new ArrayList<>();

    @Option(
            names = "--aux-address",
            paramLabel = "NAME=ADDRESS",
            description = "no container gets this address; as DefaultGatewayIPv4 or …IPv6 it is where they send what is"
                    + " for others")
    List<String> auxiliary = new ArrayList<>();

    @Option(names = "--attachable", description = "accepted for compatibility: every network is")
    boolean attachable;

    @Option(names = "--scope", paramLabel = "SCOPE", description = "local: there is no other")
    String scope = LOCAL;

    @Option(names = "--ingress", description = "refused: it is for services of a swarm")
    boolean ingress;

    @Option(names = "--config-only", description = "refused: it is for networks of a swarm")
    boolean configOnly;

    @Option(names = "--config-from", paramLabel = "NETWORK", description = "refused as --config-only is")
    @Nullable
    String configFrom;

    @Parameters(paramLabel = "NETWORK")
    String name = "";

    @Override
    public int run(Invocation call) {
        if (!List.of("default", "host-local").contains(ipamDriver)) {
            throw KelpException.invalid("unknown ipam driver `" + ipamDriver + "`");
        }
        refuseSwarm();
        NewNetwork wanted = new NewNetwork(
                name,
                driver,
                new Addressing(
                        subnets,
                        gateways,
                        ranges,
                        EnvFile.pairs("--aux-address", auxiliary),
                        ipv4,
                        ipv6,
                        EnvFile.pairs("--ipam-opt", ipamOptions)),
                internal,
                EnvFile.pairs("--label", labels),
                EnvFile.pairs("--opt", options));
        call.out().append(call.namespace().networks().create(wanted).id()).append('\n');
        return 0;
    }

    private void refuseSwarm() {
        String flag = ingress
                ? "--ingress"
                : configOnly
                        ? "--config-only"
                        : configFrom != null ? "--config-from" : scope.equals(LOCAL) ? "" : "--scope=" + scope;
        if (!flag.isEmpty()) {
            throw new KelpException(ErrorKind.UNSUPPORTED, flag + ": there is no swarm of engines here");
        }
    }
}
