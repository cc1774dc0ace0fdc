// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.engine.Networks.Member;
import dev.kelp.engine.Networks.NetworkDetail;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Subnet;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A network as Docker's `network inspect` shows it.
final class DockerNetwork {
    private DockerNetwork() {}

    static Map<String, @Nullable Object> describe(NetworkDetail detail) {
        NetworkDefinition n = detail.network();
        Map<String, @Nullable Object> d = new LinkedHashMap<>();
        d.put("Name", n.name());
        d.put("Id", n.id());
        d.put("Created", Instant.ofEpochMilli(n.createdMillis()).toString());
        d.put("Scope", "local");
        d.put("Driver", n.driver());
        d.put("EnableIPv4", n.pools().stream().anyMatch(p -> !p.subnet().isIpv6()));
        d.put("EnableIPv6", n.pools().stream().anyMatch(p -> p.subnet().isIpv6()));
        Map<String, @Nullable Object> ipam = new LinkedHashMap<>();
        ipam.put("Driver", "default");
        ipam.put("Options", n.ipamOptions());
        ipam.put("Config", n.pools().stream().map(DockerNetwork::pool).toList());
        d.put("IPAM", ipam);
        d.put("Internal", n.internal());
        d.put("Attachable", false);
        d.put("Ingress", false);
        d.put("ConfigFrom", Map.of("Network", ""));
        d.put("ConfigOnly", false);
        Map<String, @Nullable Object> containers = new LinkedHashMap<>();
        for (Member m : detail.members()) {
            containers.put(m.containerId(), member(n, m));
        }
        d.put("Containers", containers);
        d.put("Options", n.options());
        d.put("Labels", n.labels());
        return d;
    }

    private static Map<String, @Nullable Object> pool(Pool pool) {
        Map<String, @Nullable Object> p = new LinkedHashMap<>();
        p.put("Subnet", pool.subnet().toString());
        if (pool.range() != null) {
            p.put("IPRange", pool.range().toString());
        }
        p.put("Gateway", Subnet.text(pool.gateway()));
        if (!pool.auxiliary().isEmpty()) {
            Map<String, String> auxiliary = new LinkedHashMap<>();
            pool.auxiliary().forEach((name, address) -> auxiliary.put(name, Subnet.text(address)));
            p.put("AuxiliaryAddresses", auxiliary);
        }
        return p;
    }

    private static Map<String, @Nullable Object> member(NetworkDefinition network, Member m) {
        Map<String, @Nullable Object> c = new LinkedHashMap<>();
        c.put("Name", m.containerName());
        c.put("EndpointID", "");
        c.put("MacAddress", m.mac() == null ? "" : m.mac());
        c.put("IPv4Address", withPrefix(network.pools(), m.ipv4(), false));
        c.put("IPv6Address", withPrefix(network.pools(), m.ipv6(), true));
        return c;
    }

    private static String withPrefix(List<Pool> pools, @Nullable String address, boolean ipv6) {
        if (address == null) {
            return "";
        }
        return pools.stream()
                .filter(p -> p.subnet().isIpv6() == ipv6)
                .findFirst()
                .map(p -> address + "/" + p.subnet().prefixBits())
                .orElse(address);
    }
}
