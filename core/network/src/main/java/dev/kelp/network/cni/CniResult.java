// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.cni;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.model.oci.OciJson;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// What plugins say a container has got (CNI specification, section 5).
///
/// @param json the document itself, for later plugins
/// @param addresses of the container's interface
/// @param mac of the container's interface
/// @param nameServers whom to ask for names, if the network has some
public record CniResult(String json, List<Address> addresses, Optional<String> mac, List<String> nameServers) {
    private static final int ENTRIES_MAX = 256;

    /// @param gateway null: none
    public record Address(InetAddress address, @Nullable InetAddress gateway) {}

    /// @throws KelpException INTERNAL for what is no result
    static CniResult parse(String plugin, String json) {
        JsonNode root;
        try {
            root = OciJson.mapper().readTree(json.isBlank() ? "{}" : json);
        } catch (JacksonException e) {
            throw new KelpException(
                    ErrorKind.INTERNAL,
                    "CNI plugin " + plugin + ": its result is no JSON: " + e.getOriginalMessage(),
                    e);
        }
        try {
            List<Address> addresses = new ArrayList<>();
            for (JsonNode ip : entries(root.path("ips"))) {
                addresses.add(address(ip.path("address"), ip.path("gateway")));
            }
            for (String old : List.of("ip4", "ip6")) {
                if (root.has(old)) {
                    addresses.add(
                            address(root.path(old).path("ip"), root.path(old).path("gateway")));
                }
            }
            Optional<String> mac = entries(root.path("interfaces")).stream()
                    .filter(i -> !i.path("sandbox").asString("").isEmpty())
                    .map(i -> i.path("mac").asString(""))
                    .filter(m -> !m.isEmpty())
                    .findFirst();
            List<String> servers = entries(root.path("dns").path("nameservers")).stream()
                    .map(s -> Subnet.parseAddress(s.asString("")).getHostAddress())
                    .toList();
            return new CniResult(root.toString(), List.copyOf(addresses), mac, servers);
        } catch (KelpException e) {
            throw e.within("CNI plugin " + plugin + ": its result");
        }
    }

    private static List<JsonNode> entries(JsonNode array) {
        List<JsonNode> all = new ArrayList<>();
        for (JsonNode entry : array) {
            if (all.size() < ENTRIES_MAX) {
                all.add(entry);
            }
        }
        return all;
    }

    private static Address address(JsonNode withBits, JsonNode gateway) {
        String text = withBits.asString("");
        int slash = text.indexOf('/');
        String via = gateway.asString("");
        return new Address(
                Subnet.parseAddress(slash < 0 ? text : text.substring(0, slash)),
                via.isEmpty() ? null : Subnet.parseAddress(via));
    }
}
