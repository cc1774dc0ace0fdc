// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.network.Connected;
import dev.kelp.engine.local.network.KnownNames;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.Isolation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What a container that is about to start gets of networks. Closed when its first process is in its namespaces.
/// Addresses are known at once, while the interfaces are still being made.
///
/// @param joined `network` → the namespace to run in; empty: a new one or the machine's, as its specification says
/// @param addresses its own, for /etc/hosts
/// @param nameServers for /etc/resolv.conf unless the user named others; empty: the machine's
/// @param hostAddress what `host-gateway` stands for
/// @param seccompListener where filters of an accelerated container are sent to
record NetworkShare(
        Map<String, String> joined,
        List<String> addresses,
        List<String> nameServers,
        Supplier<Optional<String>> hostAddress,
        Optional<Connected> connected,
        Optional<Path> seccompListener)
        implements AutoCloseable {
    private static final String HOST_GATEWAY = "host-gateway";

    static final NetworkShare NONE =
            new NetworkShare(Map.of(), List.of(), List.of(), Optional::empty, Optional.empty(), Optional.empty());

    static NetworkShare of(
            Connected connected, Supplier<Optional<String>> hostAddress, Optional<Path> seccompListener) {
        return new NetworkShare(
                Map.of("network", connected.path()),
                connected.addresses(),
                connected.nameServers(),
                hostAddress,
                Optional.of(connected),
                seccompListener);
    }

    /// With namespaces of other kinds to join.
    NetworkShare and(Map<String, String> others) {
        Map<String, String> all = new HashMap<>(joined);
        all.putAll(others);
        return new NetworkShare(all, addresses, nameServers, hostAddress, connected, seccompListener);
    }

    /// The specification with what is known only now.
    ContainerSpec applied(ContainerSpec spec) {
        Isolation i = spec.isolation();
        // servers of its own are asked by ours, which knows the neighbours' names
        boolean serves = !nameServers.isEmpty() && (i.dns().isEmpty() || connected.isPresent());
        boolean named = i.extraHosts().stream().anyMatch(h -> h.endsWith(HOST_GATEWAY));
        Optional<String> told = connected.flatMap(Connected::host);
        if (!serves && !named && told.isEmpty()) {
            return spec;
        }
        String host = told.or(hostAddress).orElse("127.0.0.1");
        List<String> hosts = new ArrayList<>();
        for (String h : i.extraHosts()) {
            hosts.add(h.endsWith(HOST_GATEWAY) ? h.substring(0, h.length() - HOST_GATEWAY.length()) + host : h);
        }
        if (told.isPresent()) {
            KnownNames.HOST.stream()
                    .sorted()
                    .filter(name -> i.extraHosts().stream().noneMatch(h -> h.matches("\\Q" + name + "\\E[:=].*")))
                    .forEach(name -> hosts.add(name + ":" + host));
        }
        return spec.withIsolation(i.withNames(hosts, serves ? nameServers : i.dns()));
    }

    /// Returns when everything is there, or throws why it is not.
    void await() {
        connected.ifPresent(Connected::await);
    }

    @Override
    public void close() {
        connected.ifPresent(Connected::close);
    }
}
