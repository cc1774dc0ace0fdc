// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.network.Acceleration;
import dev.kelp.engine.local.network.AccelerationWish;
import dev.kelp.engine.local.network.Connected;
import dev.kelp.engine.local.network.ContainerNetworks;
import dev.kelp.engine.local.network.ContainerNetworks.Request;
import dev.kelp.engine.local.network.PrivateNetworks;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.PrivateNetwork;
import dev.kelp.model.network.Subnet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Which network a container's record says it runs in.
final class ContainerNetworking {
    private static final String HOST = "host";
    private static final String CONTAINER = "container:";
    private static final String NAMESPACE = "ns:";

    private final ContainerNetworks networks;
    private final PrivateNetworks privates;
    private final ContainerRecords records;
    private final Acceleration acceleration;

    ContainerNetworking(
            ContainerNetworks networks, PrivateNetworks privates, ContainerRecords records, Acceleration acceleration) {
        this.networks = networks;
        this.privates = privates;
        this.records = records;
        this.acceleration = acceleration;
    }

    ContainerNetworks networks() {
        return networks;
    }

    /// Refuses what cannot come true.
    ///
    /// @param settled with its modes decided
    /// @return what will not work on this machine, a sentence each
    List<String> check(ContainerSpec settled) {
        Isolation isolation = settled.isolation();
        isolation.dns().forEach(Subnet::parseAddress);
        if (NamespaceModes.BRIDGE.equals(isolation.network())) {
            List<String> all = new ArrayList<>(acceleration.shortfalls(settled));
            all.addAll(networks.check(wanted(isolation)));
            return all;
        }
        if (HOST.equals(isolation.network()) && networks.shared().isOn()) {
            return networks.shared().shortfalls();
        }
        privateNetwork(settled).ifPresent(PrivateNetworks::requireInstalled);
        boolean misses = !HOST.equals(isolation.network()) && AccelerationWish.isAskedBy(settled);
        return misses ? List.of("network acceleration is for containers with networks of their own") : List.of();
    }

    private static Optional<PrivateNetwork> privateNetwork(ContainerSpec spec) {
        return Optional.ofNullable(spec.isolation().network())
                .filter(PrivateNetwork::isOne)
                .map(PrivateNetwork::parse);
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
                    Optional.empty(),
                    Optional.empty());
        }
        if (mode.equals(HOST) && networks.shared().isOn()) {
            return new NetworkShare(
                    Map.of("network", networks.shared().path()),
                    List.of(),
                    networks.shared().nameServers(),
                    networks::hostAddress,
                    Optional.empty(),
                    Optional.empty());
        }
        Optional<PrivateNetwork> own = privateNetwork(c.definition().spec());
        if (own.isPresent()) {
            Connected connected = privates.connect(request(c), own.get());
            return NetworkShare.of(connected, networks::hostAddress, Optional.empty());
        }
        if (!mode.equals(NamespaceModes.BRIDGE)) {
            return NetworkShare.NONE;
        }
        Connected connected = networks.connect(request(c));
        try {
            Optional<Path> listener = acceleration.wish(c.definition().spec()).map(w -> acceleration.enter(c.id(), w));
            return NetworkShare.of(connected, networks::hostAddress, listener);
        } catch (RuntimeException e) {
            connected.close();
            throw e;
        }
    }

    private static Request request(ContainerRecord c) {
        Isolation isolation = c.definition().spec().isolation();
        String hostname = isolation.hostname() == null ? c.id().substring(0, 12) : isolation.hostname();
        Map<String, Object> exposed = c.definition().image().exposedPorts();
        return new Request(
                c.id(),
                c.name(),
                hostname,
                wanted(isolation),
                exposed == null ? Set.of() : exposed.keySet(),
                isolation.dns());
    }

    /// Takes up the networks of an earlier daemon, and the acceleration of containers that run.
    void recover(List<ContainerRecord> all) {
        networks.recover();
        Map<String, PrivateNetwork> own = new HashMap<>();
        all.stream()
                .filter(ContainerRecord::isRunning)
                .forEach(c -> privateNetwork(c.definition().spec()).ifPresent(n -> own.put(c.id(), n)));
        privates.recover(own);
        Map<String, AccelerationWish> running = new HashMap<>();
        all.stream()
                .filter(ContainerRecord::isRunning)
                .filter(c -> NamespaceModes.BRIDGE.equals(
                        c.definition().spec().isolation().network()))
                .forEach(c -> acceleration.wish(c.definition().spec()).ifPresent(w -> running.put(c.id(), w)));
        acceleration.recover(running);
    }

    void close() {
        acceleration.close();
        privates.close();
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
                Optional.empty(),
                Optional.empty());
    }

    /// A container's run is over.
    void disconnect(ContainerRecord c) {
        acceleration.leave(c.id());
        privates.disconnect(c.id());
        networks.disconnect(c.id(), !c.definition().spec().lifecycle().autoRemove());
    }

    /// A container is removed.
    void forget(ContainerRecord c) {
        networks.forget(c.id());
    }
}
