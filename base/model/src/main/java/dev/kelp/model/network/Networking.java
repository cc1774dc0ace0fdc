// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.network;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a container wants of networks.
///
/// @param wishes the networks to join, the first one is the way out; empty: the default network, unless the container
///     shares another namespace
/// @param ports published ports
/// @param publishAll every exposed port gets a port of the host
/// @param exposed `PORT[-PORT][/PROTOCOL]`: ports the container serves, besides the image's
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Networking(List<Wish> wishes, List<PortMapping> ports, boolean publishAll, List<String> exposed) {
    public static final Networking DEFAULT = new Networking(List.of(), List.of(), false, List.of());

    public Networking {
        wishes = wishes == null ? List.of() : List.copyOf(wishes);
        ports = ports == null ? List.of() : List.copyOf(ports);
        exposed = exposed == null ? List.of() : List.copyOf(exposed);
    }

    /// A network to join.
    ///
    /// @param network name, id or unambiguous prefix of an id
    /// @param aliases further names on this network
    /// @param ipv4 the address to have; null: a free one
    /// @param mac hardware address, six bytes in hexadecimal with colons; null: made from the address
    /// @param linkLocal further addresses that are good for the link alone
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Wish(
            String network,
            List<String> aliases,
            @Nullable String ipv4,
            @Nullable String ipv6,
            @Nullable String mac,
            List<String> linkLocal) {
        public Wish {
            aliases = aliases == null ? List.of() : List.copyOf(aliases);
            linkLocal = linkLocal == null ? List.of() : List.copyOf(linkLocal);
        }

        public Wish(
                String network,
                List<String> aliases,
                @Nullable String ipv4,
                @Nullable String ipv6,
                @Nullable String mac) {
            this(network, aliases, ipv4, ipv6, mac, List.of());
        }

        /// The same of another network.
        public Wish on(String other) {
            return new Wish(other, aliases, ipv4, ipv6, mac, linkLocal);
        }

        public static Wish of(String network) {
            return new Wish(network, List.of(), null, null, null);
        }
    }
}
