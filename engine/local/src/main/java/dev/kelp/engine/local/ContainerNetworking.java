// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.network.ContainerNetworks;
import dev.kelp.engine.local.network.ContainerNetworks.Request;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Subnet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Which network a container's record says it runs in.
final class ContainerNetworking {
    private static final String CONTAINER = "container:";
    private static final String NAMESPACE = "ns:";

    private final ContainerNetworks networks;
    private final ContainerRecords records;

    ContainerNetworking(ContainerNetworks networks, ContainerRecords records) {
        this.networks = networks;
        this.records = records;
    }

    ContainerNetworks networks() {
        return networks;
    }

    /// Refuses what cannot come true.
    ///
    /// @return what will not work on this machine, a sentence each
    List<String> check(Isolation settled) {
        settled.dns().forEach(Subnet::parseAddress);
        return NamespaceModes.BRIDGE.equals(settled.network()) ? networks.check(wanted(settled)) : List.of();
    }

    private static Networking wanted(Isolation isolation) {
        Networking networking = isolation.networking();
        return networking == null ? Networking.DEFAULT : networking;
    }

    /// Makes the network of a container that is about to start.
    NetworkShare connect(ContainerRecord c) {
        Isolation isolation = c.definition().spec().isolation();
        String mode = isolation.network() == null ? "" : isolation.network();
        if (mode.startsWith(CONTAINER)) {
            return joined(c, mode.substring(CONTAINER.length()));
        }
        if (mode.startsWith(NAMESPACE)) {
            return new NetworkShare(
                    Map.of("network", mode.substring(NAMESPACE.length())),
                    List.of(),
                    List.of(),
                    networks::hostAddress,
                    Optional.empty());
        }
        if (!mode.equals(NamespaceModes.BRIDGE)) {
            return NetworkShare.NONE;
        }
        String hostname = isolation.hostname() == null ? c.id().substring(0, 12) : isolation.hostname();
        Map<String, Object> exposed = c.definition().image().exposedPorts();
        return NetworkShare.of(
                networks.connect(new Request(
                        c.id(),
                        c.name(),
                        hostname,
                        wanted(isolation),
                        exposed == null ? Set.of() : exposed.keySet(),
                        isolation.dns())),
                networks::hostAddress);
    }

    private NetworkShare joined(ContainerRecord c, String other) {
        ContainerRecord found = records.byName(c.namespace(), other)
                .or(() -> records.byPrefix(c.namespace(), other).stream().findFirst())
                .orElseThrow(() -> KelpException.notFound("no such container: " + other));
        if (!found.isRunning()) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION,
                    "cannot join the network of container " + found.name() + ": it is not running");
        }
        return new NetworkShare(
                Map.of("network", "/proc/" + found.run().pid() + "/ns/net"),
                networks.addresses(found.id()),
                networks.nameServers(found.id()),
                networks::hostAddress,
                Optional.empty());
    }

    /// A container's run is over.
    void disconnect(ContainerRecord c) {
        networks.disconnect(c.id(), !c.definition().spec().lifecycle().autoRemove());
    }

    /// A container is removed.
    void forget(ContainerRecord c) {
        networks.forget(c.id());
    }
}
