// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.Networks;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.AddressPool;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which networks a container is to join.
record WantedNetworks(NetworkCatalogue catalogue) {
    /// Refuses wishes that cannot come true.
    List<NetworkDefinition> checked(Networking wanted) {
        List<NetworkDefinition> networks = new ArrayList<>();
        for (Wish wish : wishes(wanted)) {
            NetworkDefinition network = joinable(wish);
            checkAddress(network, wish.ipv4(), false);
            checkAddress(network, wish.ipv6(), true);
            networks.add(network);
        }
        return networks;
    }

    private static void checkAddress(NetworkDefinition network, @Nullable String address, boolean ipv6) {
        if (address == null || network.plugins() != null) {
            return;
        }
        Pool pool = network.pools().stream()
                .filter(p -> p.subnet().isIpv6() == ipv6)
                .findFirst()
                .orElseThrow(() -> KelpException.invalid(
                        "network " + network.name() + " has no " + (ipv6 ? "IPv6" : "IPv4") + " subnet"));
        AddressPool.wanted(pool, Subnet.parseAddress(address), List.of());
    }

    static List<Wish> wishes(Networking wanted) {
        return wanted.wishes().isEmpty() ? List.of(Wish.of(Networks.BRIDGE)) : wanted.wishes();
    }

    /// Whether any address of the default network will do.
    static boolean isPlain(Wish wish, NetworkDefinition network) {
        return network.name().equals(Networks.BRIDGE)
                && wish.ipv4() == null
                && wish.ipv6() == null
                && wish.mac() == null
                && wish.linkLocal().isEmpty();
    }

    /// The network of a wish, unless nobody can join it.
    NetworkDefinition joinable(Wish wish) {
        NetworkDefinition network = catalogue.find(wish.network());
        if (network.plugins() == null && !network.driver().equals("bridge")) {
            throw KelpException.invalid("network " + network.name() + " cannot be joined together with others");
        }
        return network;
    }
}
