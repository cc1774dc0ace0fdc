// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.Attachment.End;
import dev.kelp.network.dns.Names;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The names that containers know each other by: a container sees those of the networks it is on itself.
public final class KnownNames implements Names {
    /// What Docker and Podman call the host.
    public static final Set<String> HOST = Set.of("host.docker.internal", "host.containers.internal");

    private static final long HOST_ADDRESS_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Map<String, Attachment> byContainer = new ConcurrentHashMap<>();
    private final Map<InetAddress, Attachment> byAddress = new ConcurrentHashMap<>();

    /// Network and name → its bearers.
    private final Map<Key, Set<InetAddress>> addresses = new ConcurrentHashMap<>();

    private volatile Optional<InetAddress> host = Optional.empty();
    private volatile long hostNanos = System.nanoTime() - HOST_ADDRESS_NANOS;

    KnownNames() {}

    private record Key(String network, String name) {}

    /// Adds a container, in place of what was known of it.
    synchronized void put(Attachment attachment) {
        remove(attachment.container());
        byContainer.put(attachment.container(), attachment);
        for (End end : attachment.ends()) {
            end.addresses().forEach(a -> byAddress.put(a, attachment));
            for (Key key : keys(attachment, end)) {
                // a copy: the server reads without a lock
                Set<InetAddress> bearers = new HashSet<>(addresses.getOrDefault(key, Set.of()));
                bearers.addAll(end.addresses());
                addresses.put(key, Set.copyOf(bearers));
            }
        }
    }

    synchronized void remove(String container) {
        Attachment old = byContainer.remove(container);
        if (old == null) {
            return;
        }
        for (End end : old.ends()) {
            end.addresses().forEach(byAddress::remove);
            for (Key key : keys(old, end)) {
                Set<InetAddress> left = new HashSet<>(addresses.getOrDefault(key, Set.of()));
                end.addresses().forEach(left::remove);
                if (left.isEmpty()) {
                    addresses.remove(key);
                } else {
                    addresses.put(key, Set.copyOf(left));
                }
            }
        }
    }

    private static List<Key> keys(Attachment attachment, End end) {
        return Stream.concat(attachment.names().stream(), end.aliases().stream())
                .map(n -> new Key(end.network(), n.toLowerCase(Locale.ROOT)))
                .distinct()
                .toList();
    }

    Optional<Attachment> of(String container) {
        return Optional.ofNullable(byContainer.get(container));
    }

    List<Attachment> all() {
        return List.copyOf(byContainer.values());
    }

    @Override
    public List<InetAddress> addresses(InetAddress client, String name) {
        if (HOST.contains(name)) {
            // who has an IPv4 address asks from that
            boolean ipv4 = client instanceof Inet4Address;
            return (ipv4 ? hostAddress() : HostAddresses.ipv6()).map(List::of).orElse(List.of());
        }
        Attachment asking = byAddress.get(client);
        if (asking == null) {
            return List.of();
        }
        List<InetAddress> found = new ArrayList<>();
        asking.ends().forEach(e -> found.addAll(addresses.getOrDefault(new Key(e.network(), name), Set.of())));
        return found;
    }

    @Override
    public Optional<String> name(InetAddress client, InetAddress address) {
        Attachment found = byAddress.get(address);
        Attachment asking = byAddress.get(client);
        if (found == null || asking == null) {
            return Optional.empty();
        }
        Set<String> shared =
                new HashSet<>(asking.ends().stream().map(End::network).toList());
        return found.ends().stream().anyMatch(e -> shared.contains(e.network()))
                ? Optional.of(found.name())
                : Optional.empty();
    }

    @Override
    public List<InetAddress> servers(InetAddress client) {
        Attachment asking = byAddress.get(client);
        return asking == null ? List.of() : asking.servers();
    }

    @Override
    public boolean isContainer(InetAddress server) {
        return byAddress.containsKey(server);
    }

    /// An address of the host that is not its loopback's, looked up now and then: it changes with the network.
    Optional<InetAddress> hostAddress() {
        long now = System.nanoTime();
        if (now - hostNanos >= HOST_ADDRESS_NANOS) {
            hostNanos = now;
            host = HostAddresses.ipv4();
        }
        return host;
    }
}
