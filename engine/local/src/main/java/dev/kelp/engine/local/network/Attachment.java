// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.model.network.PortMapping;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
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
    /// @param outside the interface at the bridge
    /// @param inside the interface in the container
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record End(
            String network,
            String outside,
            String inside,
            @Nullable InetAddress ipv4,
            @Nullable InetAddress ipv6,
            @Nullable String mac,
            List<String> aliases) {
        public End {
            aliases = aliases == null ? List.of() : List.copyOf(aliases);
        }

        End withAliases(List<String> others) {
            return new End(network, outside, inside, ipv4, ipv6, mac, others);
        }

        List<InetAddress> addresses() {
            return Stream.of(ipv4, ipv6).filter(Objects::nonNull).toList();
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
        return new Attachment(container, newName, now, ends, ports);
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

    /// Its end at a network.
    Optional<End> at(String network) {
        return ends.stream().filter(e -> e.network().equals(network)).findFirst();
    }
}
