// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.PrivateNetwork;
import dev.kelp.model.network.Subnet;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Networks to join and ports to publish.
@Command(optionListHeading = "Network")
public final class NetworkFlags {
    private static final Set<String> ALONE = Set.of("host", "none");
    private static final String MAC = "[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}";

    private static final String ACCELERATION = "nerdctl/bypass4netns";
    private static final String ACCELERATION_DEFAULT = "kelp/network-accel-default";

    @Option(
            names = {"--network", "--net"},
            paramLabel = "NETWORK",
            description =
                    "a network's name, bridge, host, none, container:NAME, ns:PATH, slirp4netns[:OPTION=VALUE,...] or"
                            + " pasta[:ARGUMENT,...]; names may be repeated, and have NAME:alias=A,ip=B,mac=C")
    List<String> networks = new ArrayList<>();

    @Option(
            names = {"-p", "--publish"},
            paramLabel = "[ADDRESS:]HOST:CONTAINER[/PROTOCOL]",
            description = "lead a port of this machine into the container; ports may be ranges")
    List<String> publish = new ArrayList<>();

    @Option(
            names = {"-P", "--publish-all"},
            description = "lead a free port of this machine to every port that the container exposes")
    boolean publishAll;

    @Option(names = "--expose", paramLabel = "PORT[/PROTOCOL]", description = "a port that the container serves")
    List<String> expose = new ArrayList<>();

    @Option(
            names = {"--network-alias", "--net-alias"},
            paramLabel = "NAME",
            description = "another name of the container on its first network")
    List<String> aliases = new ArrayList<>();

    @Option(names = "--ip", paramLabel = "ADDRESS", description = "IPv4 address on the first network")
    @Nullable
    String ip;

    @Option(names = "--ip6", paramLabel = "ADDRESS", description = "IPv6 address on the first network")
    @Nullable
    String ip6;

    @Option(names = "--mac-address", paramLabel = "MAC", description = "hardware address on the first network")
    @Nullable
    String mac;

    @Option(
            names = "--link-local-ip",
            paramLabel = "ADDRESS",
            description = "a further address on the first network that is good for the link alone")
    List<String> linkLocal = new ArrayList<>();

    @Option(
            names = "--network-accel",
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "true|false",
            description = "give TCP connections and published ports sockets of this machine: its speed, and none of its"
                    + " loopback")
    @Nullable
    Boolean acceleration;

    /// Whether networks are named that may be configured by files of the user's.
    public boolean namesNetworks() {
        return networks.stream()
                .anyMatch(n ->
                        !ALONE.contains(n) && !n.equals("bridge") && !n.contains(":/") && !PrivateNetwork.isOne(n));
    }

    /// The isolation with these flags' part.
    public Isolation apply(Isolation isolation) {
        List<PortMapping> ports =
                publish.stream().flatMap(p -> PortMapping.parse(p).stream()).toList();
        expose.forEach(PortMapping::parse);
        String mode = networks.isEmpty() ? null : networks.getFirst();
        if (mode != null && isAlone(mode)) {
            return alone(isolation, mode, ports);
        }
        List<Wish> wishes = new ArrayList<>();
        for (String network : networks.isEmpty() ? List.of("bridge") : networks) {
            wishes.add(wish(network, wishes.isEmpty()));
        }
        Networking wanted = new Networking(wishes, ports, publishAll, expose);
        boolean asked = !networks.isEmpty()
                || !ports.isEmpty()
                || publishAll
                || wishes.getFirst().ipv4() != null
                || !aliases.isEmpty()
                || ip6 != null
                || mac != null
                || !linkLocal.isEmpty();
        // what was not asked for is the engine's to choose
        return asked
                ? isolation.withNetwork("bridge").withNetworking(wanted)
                : expose.isEmpty()
                        ? isolation
                        : isolation.withNetworking(new Networking(List.of(), ports, false, expose));
    }

    /// The annotations with what is asked of network acceleration. nerdctl's name for it is Kelp's, too.
    ///
    /// @param given those of the command line
    /// @param byDefault for containers that say nothing, on networks that do not either
    public Map<String, String> annotations(Map<String, String> given, boolean byDefault) {
        Map<String, String> all = new LinkedHashMap<>(given);
        if (acceleration != null) {
            all.put(ACCELERATION, acceleration.toString());
        }
        if (byDefault) {
            all.putIfAbsent(ACCELERATION_DEFAULT, "true");
        }
        return all;
    }

    private static boolean isAlone(String mode) {
        return ALONE.contains(mode)
                || mode.startsWith("container:")
                || mode.startsWith("ns:")
                || PrivateNetwork.isOne(mode);
    }

    private Isolation alone(Isolation isolation, String mode, List<PortMapping> ports) {
        if (networks.size() > 1) {
            throw KelpException.invalid("--network=" + mode + " cannot be joined together with others");
        }
        if (mode.startsWith("ns:") && !mode.startsWith("ns:/")) {
            throw KelpException.invalid("--network=" + mode + ": the path must be absolute");
        }
        if (ip != null || ip6 != null || mac != null || !aliases.isEmpty() || !linkLocal.isEmpty()) {
            throw KelpException.invalid("addresses and aliases cannot be chosen with --network=" + mode);
        }
        if (PrivateNetwork.isOne(mode)) {
            PrivateNetwork.parse(mode);
            return isolation.withNetwork(mode).withNetworking(new Networking(List.of(), ports, publishAll, expose));
        }
        boolean host = mode.equals("host");
        if ((!ports.isEmpty() || publishAll) && !host) {
            throw KelpException.invalid("ports cannot be published with --network=" + mode);
        }
        // with the machine's own network every port is public already
        return isolation.withNetwork(mode).withNetworking(new Networking(List.of(), List.of(), false, expose));
    }

    private Wish wish(String text, boolean first) {
        int colon = text.indexOf(':');
        String name = colon < 0 ? text : text.substring(0, colon);
        if (name.isEmpty() || ALONE.contains(name) || isAlone(text)) {
            throw KelpException.invalid("--network=" + text + " cannot be joined together with others");
        }
        List<String> names = new ArrayList<>(first ? aliases : List.of());
        String ipv4 = first ? ip : null;
        String ipv6 = first ? ip6 : null;
        String hardware = first ? mac : null;
        for (String pair : colon < 0 ? new String[0] : text.substring(colon + 1).split(",", -1)) {
            int equals = pair.indexOf('=');
            String value = pair.substring(equals + 1);
            switch (equals < 0 ? "" : pair.substring(0, equals)) {
                case "alias" -> names.add(value);
                case "ip" -> ipv4 = value;
                case "ip6" -> ipv6 = value;
                case "mac" -> hardware = value;
                default ->
                    throw KelpException.invalid(
                            "--network=" + text + ": `" + pair + "` is not one of alias=, ip=," + " ip6=, mac=");
            }
        }
        if (hardware != null && !hardware.matches(MAC)) {
            throw KelpException.invalid("`" + hardware + "` is not a hardware address")
                    .withHint("write it as 02:42:0a:04:00:07");
        }
        List<String> further =
                first ? linkLocal.stream().map(NetworkFlags::linkLocal).toList() : List.of();
        return new Wish(name, names, numeric(ipv4), numeric(ipv6), hardware, further);
    }

    /// @throws KelpException INVALID_ARGUMENT
    public static String linkLocal(String address) {
        InetAddress parsed = Subnet.parseAddress(address);
        if (!parsed.isLinkLocalAddress()) {
            throw KelpException.invalid("`" + address + "` is not a link-local address")
                    .withHint("they are in 169.254.0.0/16 or fe80::/10");
        }
        return Subnet.text(parsed);
    }

    private static @Nullable String numeric(@Nullable String address) {
        return address == null ? null : Subnet.text(Subnet.parseAddress(address));
    }
}
