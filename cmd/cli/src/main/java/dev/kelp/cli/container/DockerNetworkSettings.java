// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.engine.Networks;
import dev.kelp.engine.Networks.Member;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.PrivateNetwork;
import dev.kelp.model.network.Subnet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// `NetworkSettings` of a container: its ends on networks, and its ports.
final class DockerNetworkSettings {
    private static final String EVERY_IPV4 = "0.0.0.0";

    private DockerNetworkSettings() {}

    /// @param networks a network by name, when it is (still) there
    static Map<String, @Nullable Object> describe(
            ContainerDetail d, Function<String, Optional<NetworkDefinition>> networks) {
        Map<String, Object> ends = new LinkedHashMap<>();
        Map<String, @Nullable Object> first = Map.of();
        for (String name : names(d.spec(), d.network())) {
            Optional<NetworkDefinition> network = networks.apply(name);
            Member member = d.network().endpoints().get(name);
            Map<String, @Nullable Object> end = endpoint(wish(d.spec(), name), network, member);
            ends.put(name, end);
            first = first.isEmpty() && member != null ? end : first;
        }
        Struct s = new Struct()
                .with("Bridge", "")
                .with("SandboxID", "")
                .with("SandboxKey", "")
                .with("Ports", ports(d))
                .with("HairpinMode", false)
                .with("LinkLocalIPv6Address", "")
                .with("LinkLocalIPv6PrefixLen", 0)
                .with("SecondaryIPAddresses", null)
                .with("SecondaryIPv6Addresses", null);
        for (String text : List.of("EndpointID", "Gateway", "GlobalIPv6Address", "IPAddress", "IPv6Gateway")) {
            s.with(text, first.getOrDefault(text, ""));
        }
        return s.with("GlobalIPv6PrefixLen", first.getOrDefault("GlobalIPv6PrefixLen", 0))
                .with("IPPrefixLen", first.getOrDefault("IPPrefixLen", 0))
                .with("MacAddress", first.getOrDefault("MacAddress", ""))
                .with("Networks", ends)
                .map();
    }

    /// `HostConfig.NetworkMode`: the first network, or the mode.
    static String mode(ContainerSpec spec) {
        List<String> names = names(spec, Networks.Attached.NOTHING);
        if (!names.isEmpty()) {
            return names.getFirst();
        }
        String mode = spec.isolation().network();
        return mode == null ? Networks.BRIDGE : mode;
    }

    /// The networks a container is on; while it does not run, those it will join.
    static List<String> names(ContainerSpec spec, Networks.Attached attached) {
        if (!attached.endpoints().isEmpty()) {
            return List.copyOf(attached.endpoints().keySet());
        }
        String mode = spec.isolation().network();
        Networking networking = spec.isolation().networking();
        if (networking != null && !networking.wishes().isEmpty()) {
            return networking.wishes().stream().map(Wish::network).toList();
        }
        return mode == null || mode.contains(":") || PrivateNetwork.isOne(mode) ? List.of() : List.of(mode);
    }

    private static Optional<Wish> wish(ContainerSpec spec, String network) {
        Networking networking = spec.isolation().networking();
        return networking == null
                ? Optional.empty()
                : networking.wishes().stream()
                        .filter(w -> w.network().equals(network))
                        .findFirst();
    }

    private static Map<String, @Nullable Object> endpoint(
            Optional<Wish> wish, Optional<NetworkDefinition> network, @Nullable Member member) {
        Optional<Pool> four = member == null ? Optional.empty() : network.flatMap(n -> pool(n, false));
        Optional<Pool> six = member == null ? Optional.empty() : network.flatMap(n -> pool(n, true));
        return new Struct()
                .with("IPAMConfig", wish.map(DockerNetworkSettings::addresses).orElse(null))
                .with("Links", null)
                .with(
                        "Aliases",
                        wish.map(Wish::aliases).filter(a -> !a.isEmpty()).orElse(null))
                .with("MacAddress", orEmpty(member == null ? null : member.mac()))
                .with("DriverOpts", null)
                .with("NetworkID", network.map(NetworkDefinition::id).orElse(""))
                .with("EndpointID", "")
                .with("Gateway", four.map(p -> Subnet.text(p.gateway())).orElse(""))
                .with("IPAddress", orEmpty(member == null ? null : member.ipv4()))
                .with("IPPrefixLen", four.map(p -> p.subnet().prefixBits()).orElse(0))
                .with("IPv6Gateway", six.map(p -> Subnet.text(p.gateway())).orElse(""))
                .with("GlobalIPv6Address", orEmpty(member == null ? null : member.ipv6()))
                .with(
                        "GlobalIPv6PrefixLen",
                        six.map(p -> p.subnet().prefixBits()).orElse(0))
                .with("DNSNames", names(wish, member))
                .map();
    }

    private static Optional<Pool> pool(NetworkDefinition network, boolean ipv6) {
        return network.pools().stream().filter(p -> p.subnet().isIpv6() == ipv6).findFirst();
    }

    /// The addresses that were asked for; null: none were.
    private static @Nullable Object addresses(Wish wish) {
        Struct s = new Struct();
        if (wish.ipv4() != null) {
            s.with("IPv4Address", wish.ipv4());
        }
        if (wish.ipv6() != null) {
            s.with("IPv6Address", wish.ipv6());
        }
        if (!wish.linkLocal().isEmpty()) {
            s.with("LinkLocalIPs", wish.linkLocal());
        }
        return s.map().isEmpty() ? null : s.map();
    }

    private static @Nullable List<String> names(Optional<Wish> wish, @Nullable Member member) {
        if (member == null) {
            return null;
        }
        List<String> names = new ArrayList<>(List.of(member.containerName()));
        wish.ifPresent(w -> names.addAll(w.aliases()));
        names.add(member.containerId()
                .substring(0, Math.min(12, member.containerId().length())));
        return names;
    }

    /// Those published, and those the image or `--expose` names, which have null.
    private static Map<String, @Nullable Object> ports(ContainerDetail d) {
        Map<String, @Nullable Object> ports = new TreeMap<>();
        exposed(d).forEach(p -> ports.put(p, null));
        ports.putAll(bindings(d.network().ports()));
        return ports;
    }

    /// `80/tcp` of each port the image and `--expose` name.
    static List<String> exposed(ContainerDetail d) {
        List<String> ports = new ArrayList<>();
        Map<String, Object> ofImage = d.image().exposedPorts();
        if (ofImage != null) {
            ofImage.keySet().forEach(p -> ports.add(p.contains("/") ? p : p + "/tcp"));
        }
        Networking networking = d.spec().isolation().networking();
        for (String text : networking == null ? List.<String>of() : networking.exposed()) {
            for (PortMapping m : PortMapping.parse(text)) {
                ports.add(m.containerPort() + "/" + m.protocol());
            }
        }
        return ports;
    }

    static Map<String, Object> bindings(List<PortMapping> mappings) {
        Map<String, List<Object>> bindings = new TreeMap<>();
        for (PortMapping m : mappings) {
            List<String> addresses = m.hostAddress().isEmpty() ? List.of(EVERY_IPV4, "::") : List.of(m.hostAddress());
            for (int i = 0; i < m.count(); i++) {
                int port = m.hostPort() == 0 ? 0 : m.hostPort() + i;
                List<Object> list =
                        bindings.computeIfAbsent((m.containerPort() + i) + "/" + m.protocol(), k -> new ArrayList<>());
                addresses.forEach(a -> list.add(new Struct()
                        .with("HostIp", a)
                        .with("HostPort", port == 0 ? "" : Integer.toString(port))
                        .map()));
            }
        }
        return new TreeMap<>(bindings);
    }

    private static String orEmpty(@Nullable String s) {
        return s == null ? "" : s;
    }
}
