// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.Rtnetlink.Route;
import dev.kelp.linux.Rtnetlink.VethEnd;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The bridges of the detached namespace and the containers' ends at them, bridge(8) and veth(4).
public final class Bridges {
    /// A container's interface on one network.
    ///
    /// @param outside the end at the bridge: at most 15 characters, unique in the detached namespace
    /// @param inside the end in the container: `eth0` …
    /// @param addresses one of each family of the network's pools
    /// @param linkLocal further ones, good for the link alone
    /// @param mac null: made from the IPv4 address, else the kernel's choice
    /// @param gateway whether the way out leads through this network
    public record Endpoint(
            String outside,
            String inside,
            List<InetAddress> addresses,
            List<InetAddress> linkLocal,
            @Nullable String mac,
            boolean gateway) {
        public Endpoint(
                String outside, String inside, List<InetAddress> addresses, @Nullable String mac, boolean gateway) {
            this(outside, inside, addresses, List.of(), mac, gateway);
        }
    }

    private static final int LINK_LOCAL_BITS = 16;
    private static final int LINK_LOCAL_BITS_V6 = 64;

    private final DetachedNamespace detached;

    public Bridges(DetachedNamespace detached) {
        this.detached = detached;
    }

    /// Makes the network's bridge unless it is there. Two at once are fine.
    public void ensure(NetworkDefinition network) {
        try {
            Rtnetlink links = detached.links();
            try {
                links.addBridge(network.bridge(), network.mtu());
            } catch (ErrnoException e) {
                if (!e.is(Errno.EEXIST)) {
                    throw e;
                }
            }
            int bridge = links.index(network.bridge());
            // else it has the lowest of its ports' and changes with them: neighbours would send to one that is gone
            links.setHardware(bridge, mac(network), network.mtu());
            for (Pool pool : network.pools()) {
                try {
                    links.addAddress(
                            new Address(bridge, pool.gateway(), pool.subnet().prefixBits()));
                } catch (ErrnoException e) {
                    if (!e.is(Errno.EEXIST)) {
                        throw e;
                    }
                }
            }
            links.setUp(bridge);
        } catch (ErrnoException e) {
            throw e.toKelp("make network " + network.name());
        }
    }

    /// Whether a network's bridge is there.
    public boolean exists(NetworkDefinition network) {
        try {
            return detached.links().find(network.bridge()).isPresent();
        } catch (ErrnoException e) {
            throw e.toKelp("look for the bridge of network " + network.name());
        }
    }

    /// What [#ensure] makes, in words that change when it does.
    public static String plan(NetworkDefinition network) {
        return network.pools().stream()
                .map(p -> " " + p.gateway().getHostAddress() + "/" + p.subnet().prefixBits())
                .collect(Collectors.joining(
                        "", "bridge " + network.bridge() + " " + mac(network) + " mtu " + network.mtu(), "\n"));
    }

    /// Removes a network's bridge; fine when there is none.
    public void remove(String bridge) {
        try {
            detached.links().deleteIfPresent(bridge);
        } catch (ErrnoException e) {
            throw e.toKelp("remove bridge " + bridge);
        }
    }

    /// Connects a container's namespace: when this returns packets flow.
    ///
    /// @throws KelpException with nothing left behind
    public void connect(NetworkDefinition network, ContainerNamespace container, Endpoint endpoint) {
        try {
            Rtnetlink outside = detached.links();
            int bridge = outside.index(network.bridge());
            outside.addVeth(
                    new VethEnd(endpoint.outside(), null),
                    new VethEnd(endpoint.inside(), mac(endpoint)),
                    container.fd(),
                    network.mtu());
            try {
                int port = outside.index(endpoint.outside());
                outside.setMaster(port, bridge);
                if (network.keepsApart()) {
                    outside.isolate(port);
                }
                outside.setUp(port);
                address(network, container.links(), endpoint);
            } catch (ErrnoException e) {
                outside.deleteIfPresent(endpoint.outside());
                throw e;
            }
        } catch (ErrnoException e) {
            throw e.toKelp("connect a container with network " + network.name());
        }
    }

    private static void address(NetworkDefinition network, Rtnetlink inside, Endpoint endpoint) throws ErrnoException {
        int link = inside.index(endpoint.inside());
        inside.setUp(link);
        for (InetAddress address : endpoint.addresses()) {
            Pool pool = network.pools().stream()
                    .filter(p -> p.subnet().contains(address))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(address + " is not of " + network.name()));
            inside.addAddress(new Address(link, address, pool.subnet().prefixBits()));
            if (endpoint.gateway() && !network.internal()) {
                inside.addRoute(Route.byDefault(pool.router(), link));
            }
        }
        for (InetAddress address : endpoint.linkLocal()) {
            boolean v4 = address instanceof Inet4Address;
            inside.addAddress(new Address(link, address, v4 ? LINK_LOCAL_BITS : LINK_LOCAL_BITS_V6));
        }
    }

    /// Takes an end away again; fine when it went with its container's namespace, as it does at any time.
    public void disconnect(String outside) {
        try {
            detached.links().deleteIfPresent(outside);
        } catch (ErrnoException e) {
            throw e.toKelp("disconnect a container");
        }
    }

    /// Docker's rule: the same address has the same hardware address again, so neighbours' caches stay right.
    private static @Nullable String mac(Endpoint endpoint) {
        if (endpoint.mac() != null) {
            return endpoint.mac();
        }
        return endpoint.addresses().stream()
                .filter(Inet4Address.class::isInstance)
                .map(a -> mac(a.getAddress()))
                .findFirst()
                .orElse(null);
    }

    private static String mac(NetworkDefinition network) {
        return network.pools().stream()
                .map(Pool::gateway)
                .filter(Inet4Address.class::isInstance)
                .map(a -> mac(a.getAddress()))
                .findFirst()
                .orElseGet(() -> mac(HexFormat.of().parseHex(network.id(), 0, 8)));
    }

    private static String mac(byte[] last) {
        return "02:42:" + HexFormat.ofDelimiter(":").formatHex(last);
    }
}
