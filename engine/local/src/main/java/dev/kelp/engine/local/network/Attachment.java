// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.Bridges;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a running container has of networks.
///
/// @param names what it is called on every network
/// @param ends one for each network, the way out first
/// @param ports those published, with host ports that were chosen
/// @param servers name servers of its own, for names that are nobody's here
/// @param endedMillis when its run was over: what is left are the addresses it will ask for; null: it runs
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Attachment(
        String container,
        String name,
        List<String> names,
        List<End> ends,
        List<PortMapping> ports,
        List<InetAddress> servers,
        @Nullable Long endedMillis) {
    public Attachment(String container, String name, List<String> names, List<End> ends, List<PortMapping> ports) {
        this(container, name, names, ends, ports, List.of(), null);
    }

    public Attachment {
        servers = servers == null ? List.of() : List.copyOf(servers);
        names = names == null ? List.of() : List.copyOf(names);
        ends = ends == null ? List.of() : List.copyOf(ends);
        ports = ports == null ? List.of() : List.copyOf(ports);
    }

    /// Its end at one network.
    ///
    /// @param network id
    /// @param outside the interface at the bridge; empty for a plugin's network
    /// @param inside the interface in the container
    /// @param linkLocal further addresses that are good for the link alone
    /// @param plugged what its plugins made; null: it is one of Kelp's own networks, or not made yet
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record End(
            String network,
            String outside,
            String inside,
            @Nullable InetAddress ipv4,
            @Nullable InetAddress ipv6,
            @Nullable String mac,
            List<String> aliases,
            List<InetAddress> linkLocal,
            @Nullable Plugged plugged) {
        public End {
            outside = outside == null ? "" : outside;
            aliases = aliases == null ? List.of() : List.copyOf(aliases);
            linkLocal = linkLocal == null ? List.of() : List.copyOf(linkLocal);
        }

        public End(
                String network,
                String outside,
                String inside,
                @Nullable InetAddress ipv4,
                @Nullable InetAddress ipv6,
                @Nullable String mac,
                List<String> aliases) {
            this(network, outside, inside, ipv4, ipv6, mac, aliases, List.of(), null);
        }

        End withAliases(List<String> others) {
            return new End(network, outside, inside, ipv4, ipv6, mac, others, linkLocal, plugged);
        }

        End withLinkLocal(List<String> addresses) {
            List<InetAddress> parsed =
                    addresses.stream().map(Subnet::parseAddress).toList();
            return new End(network, outside, inside, ipv4, ipv6, mac, aliases, parsed, plugged);
        }

        /// With a hardware address: the same address has the same one again, so neighbours' caches stay right.
        End withMac() {
            byte[] last = ipv4 != null
                    ? ipv4.getAddress()
                    : ByteBuffer.allocate(Integer.BYTES)
                            .putInt(Objects.hashCode(ipv6))
                            .array();
            String made = "02:42:" + HexFormat.ofDelimiter(":").formatHex(last);
            return new End(network, outside, inside, ipv4, ipv6, mac == null ? made : mac, aliases, linkLocal, plugged);
        }

        /// How a bridge connects it.
        ///
        /// @param gateway whether it is the way out
        Bridges.Endpoint endpoint(boolean gateway) {
            return new Bridges.Endpoint(outside, inside, addresses(), linkLocal, mac, gateway);
        }

        /// Whom the container asks for names; empty: the machine's servers.
        List<String> nameServers(NetworkDefinition at) {
            return plugged == null
                    ? List.of(at.pools().getFirst().gateway().getHostAddress())
                    : plugged.servers().stream()
                            .map(InetAddress::getHostAddress)
                            .toList();
        }

        List<InetAddress> addresses() {
            return Stream.of(ipv4, ipv6).filter(Objects::nonNull).toList();
        }
    }

    /// What plugins made of an end, for the time when it is taken away.
    ///
    /// @param plugins as they were then: the file may have changed since
    /// @param result the last plugin's
    /// @param servers whom the container asks for names
    public record Plugged(NetworkDefinition.Plugins plugins, String result, List<InetAddress> servers) {
        public Plugged {
            servers = servers == null ? List.of() : List.copyOf(servers);
        }
    }

    List<InetAddress> addresses() {
        return ends.stream().flatMap(e -> e.addresses().stream()).toList();
    }

    Attachment withEnd(End end) {
        List<End> more = new ArrayList<>(ends);
        more.add(end);
        return new Attachment(container, name, names, more, ports, servers, endedMillis);
    }

    Attachment withEndAt(int index, End end) {
        List<End> changed = new ArrayList<>(ends);
        changed.set(index, end);
        return new Attachment(container, name, names, changed, ports, servers, endedMillis);
    }

    Attachment withoutEnd(End end) {
        return new Attachment(
                container,
                name,
                names,
                ends.stream().filter(e -> !e.equals(end)).toList(),
                ports,
                servers,
                endedMillis);
    }

    /// The same under another name; what else it is called stays.
    Attachment renamed(String newName) {
        List<String> now =
                names.stream().map(n -> n.equals(name) ? newName : n).distinct().toList();
        return new Attachment(container, newName, now, ends, ports, servers, endedMillis);
    }

    Attachment withPorts(List<PortMapping> opened) {
        return new Attachment(container, name, names, ends, opened, servers, endedMillis);
    }

    Attachment withServers(List<InetAddress> own) {
        return new Attachment(container, name, names, ends, ports, own, endedMillis);
    }

    Attachment ended(long nowMillis) {
        return new Attachment(container, name, names, ends, List.of(), servers, nowMillis);
    }

    /// A name for another interface in the container.
    String freeInterface() {
        Set<String> used = ends.stream().map(End::inside).collect(Collectors.toSet());
        return IntStream.range(0, ends.size() + 1)
                .mapToObj(i -> "eth" + i)
                .filter(n -> !used.contains(n))
                .findFirst()
                .orElseThrow();
    }

    /// Its end at a network.
    Optional<End> at(String network) {
        return ends.stream().filter(e -> e.network().equals(network)).findFirst();
    }
}
