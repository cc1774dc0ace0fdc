// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/// The nftables rules of the detached namespace: what leaves a network gets the namespace's address, networks do not
/// see each other, an internal one sees nothing else, and nothing is led from a container to another that is to be
/// apart from it. nft(8) replaces the whole table at once, when networks change and not when containers do.
public final class Firewall {
    private static final String TABLE = "kelp";

    private final DetachedNamespace detached;
    private final HostPrograms programs;

    public Firewall(DetachedNamespace detached, HostPrograms programs) {
        this.detached = detached;
        this.programs = programs;
    }

    /// @throws KelpException NOT_FOUND when nft is not installed
    public static void requireInstalled() {
        if (HostPrograms.find("nft").isEmpty()) {
            throw new KelpException(ErrorKind.NOT_FOUND, "networks need nft, which is not installed")
                    .withHint("apt-get install nftables; --network=host and --network=none work without");
        }
    }

    /// Makes the rules those of exactly these networks.
    ///
    /// @throws KelpException NOT_FOUND when nft is not installed
    public void apply(Collection<NetworkDefinition> networks) {
        programs.run(detached, "nft", "nftables", rules(networks), "-f", "-");
    }

    /// What nft reads; the same for the same networks in any order.
    public static String rules(Collection<NetworkDefinition> all) {
        List<NetworkDefinition> networks = all.stream()
                .sorted(Comparator.comparing(NetworkDefinition::bridge))
                .toList();
        StringBuilder text = new StringBuilder();
        // Declared before it is deleted: deleting what is not there is an error.
        text.append("table inet ")
                .append(TABLE)
                .append(" {}\ndelete table inet ")
                .append(TABLE)
                .append('\n');
        text.append("table inet ").append(TABLE).append(" {\n");
        text.append("  chain nat { type nat hook postrouting priority srcnat;\n");
        for (NetworkDefinition network : networks) {
            for (Pool pool : network.pools()) {
                text.append("    ")
                        .append(pool.subnet().isIpv6() ? "ip6" : "ip")
                        .append(" saddr ")
                        .append(pool.subnet())
                        .append(" oifname != \"")
                        .append(network.bridge())
                        .append("\" masquerade\n");
            }
        }
        text.append("  }\n  chain apart { type filter hook forward priority filter;\n");
        String bridges =
                networks.stream().map(n -> '"' + n.bridge() + '"').collect(Collectors.joining(", ", "{ ", " }"));
        for (NetworkDefinition network : networks) {
            String bridge = '"' + network.bridge() + '"';
            if (network.keepsApart()) {
                // a bridge's isolated ports are apart for frames alone; this is a packet that was sent to the gateway
                text.append("    iifname ")
                        .append(bridge)
                        .append(" oifname ")
                        .append(bridge)
                        .append(" drop\n");
            }
            if (network.internal()) {
                text.append("    iifname ")
                        .append(bridge)
                        .append(" oifname != ")
                        .append(bridge)
                        .append(" drop\n");
                text.append("    oifname ")
                        .append(bridge)
                        .append(" iifname != ")
                        .append(bridge)
                        .append(" drop\n");
            } else if (networks.size() > 1) {
                text.append("    iifname ")
                        .append(bridge)
                        .append(" oifname != ")
                        .append(bridge)
                        .append(" oifname ")
                        .append(bridges)
                        .append(" drop\n");
            }
        }
        text.append("  }\n");
        // Answers to a socket that shows a client's address must come back to it, see DetachedNamespace; "port
        // unreachable" as well.
        text.append("  chain transparent { type filter hook prerouting priority mangle;\n")
                .append("    meta l4proto { tcp, udp, icmp, ipv6-icmp } socket transparent 1 meta mark set ")
                .append(DetachedNamespace.TRANSPARENT_MARK)
                .append("\n  }\n}\n");
        return text.toString();
    }
}
