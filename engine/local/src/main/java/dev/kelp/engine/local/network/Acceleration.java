// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.linux.Fd;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.bypass.Bypass;
import dev.kelp.network.bypass.BypassPolicy;
import dev.kelp.network.bypass.Guest;
import dev.kelp.network.bypass.LoopbackGuard;
import dev.kelp.network.port.Listeners.Listener;
import dev.kelp.network.port.PortForwarder;
import dev.kelp.rootless.Holder;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Containers with network acceleration. Nothing of it is loaded before the first one.
public final class Acceleration implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Acceleration.class.getName());

    /// Below the run root: short, since a socket's path has 107 bytes.
    private static final String SOCKET = "bypass.sock";

    /// What the holder keeps for [#serveInside]: `inside/CONTAINER/PORT/ADDRESS/HOSTPORT`.
    private static final String INSIDE = "inside/";

    /// slirp4netns' own network, in which the gateway is the host.
    private static final Subnet OUTBOUND = Subnet.parse("10.0.2.0/24");

    /// How long networks that were made or joined meanwhile may go unnoticed.
    private static final long POLICY_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final ContainerNetworks networks;
    private final Holder holder;
    private final Path runRoot;
    private final Map<String, Set<String>> inside = new HashMap<>();
    private @Nullable Bypass bypass;
    private @Nullable PortForwarder relays;

    public Acceleration(ContainerNetworks networks, Holder holder, Path runRoot) {
        this.networks = networks;
        this.holder = holder;
        this.runRoot = runRoot;
    }

    /// What a container on networks of its own asks for, or the network that is its way out for it.
    ///
    /// @throws KelpException INVALID_ARGUMENT naming the annotation
    public Optional<AccelerationWish> wish(ContainerSpec spec) {
        Networking wanted = spec.isolation().networking();
        return AccelerationWish.of(spec, () -> first(wanted == null ? Networking.DEFAULT : wanted));
    }

    /// What of a container's [#wish] is not as safe on this machine as without it, a sentence each.
    ///
    /// @throws KelpException as [#wish]
    public List<String> shortfalls(ContainerSpec spec) {
        Networking wanted = spec.isolation().networking();
        return wish(spec)
                .map(w -> w.shortfalls(wanted == null ? Networking.DEFAULT : wanted, LoopbackGuard::guardsListeners))
                .orElse(List.of());
    }

    private Optional<NetworkDefinition> first(Networking wanted) {
        try {
            return Optional.of(networks.catalogue.find(
                    WantedNetworks.wishes(wanted).getFirst().network()));
        } catch (KelpException e) {
            // whoever connects it says so
            return Optional.empty();
        }
    }

    /// A container that was connected is about to start.
    ///
    /// @return where the OCI runtime sends its filters
    public synchronized Path enter(String container, AccelerationWish wish) {
        boolean first = bypass == null;
        Bypass serving = serving(Map.of());
        Accelerated guest = new Accelerated(container, wish);
        serving.enter(container, guest);
        if (first) {
            serving.rehearse(guest);
        }
        return serving.path();
    }

    private synchronized Bypass serving(Map<String, Guest> running) {
        Bypass present = bypass;
        if (present == null) {
            Map<String, Fd> kept = new HashMap<>();
            holder.stored().forEach((name, fd) -> {
                if (Bypass.isKept(name)) {
                    kept.put(name, fd);
                } else if (name.startsWith(INSIDE)) {
                    restore(name, fd);
                } else {
                    fd.close();
                }
            });
            Bypass.Keeper keeper = new Bypass.Keeper() {
                @Override
                public void store(String name, Fd fd) {
                    holder.store(name, fd);
                }

                @Override
                public void drop(String name) {
                    holder.drop(name);
                }
            };
            present = Bypass.open(runRoot.resolve(SOCKET), keeper, kept, running);
            bypass = present;
        }
        return present;
    }

    /// A container has ended; fine when it was not accelerated.
    public synchronized void leave(String container) {
        if (bypass == null) {
            return;
        }
        bypass.leave(container);
        Set<String> names = inside.remove(container);
        if (names != null) {
            for (String name : names) {
                if (relays != null) {
                    relays.withdraw(name);
                }
                holder.drop(name);
            }
        }
    }

    /// Takes up the containers that run since an earlier daemon; their calls have waited.
    public synchronized void recover(Map<String, AccelerationWish> running) {
        if (!running.isEmpty()) {
            Map<String, Guest> guests = new HashMap<>();
            running.forEach((container, wish) -> guests.put(container, new Accelerated(container, wish)));
            serving(guests);
        }
    }

    /// Has a service's port inside relayed to the host's: neighbours and the container itself reach it there.
    private synchronized void serveInside(String container, int port, Fd listener, InetSocketAddress host) {
        String name = INSIDE + container + "/" + port + "/" + host.getAddress().getHostAddress() + "/" + host.getPort();
        try (Fd mine = listener) {
            holder.store(name, mine);
            relay(name, mine, host);
            inside.computeIfAbsent(container, c -> new HashSet<>()).add(name);
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "serve port {0} of container {1} inside: {2}", port, container, e.getMessage());
        }
    }

    private void restore(String name, Fd listener) {
        String[] words = name.split("/");
        try (Fd mine = listener) {
            relay(name, mine, new InetSocketAddress(Subnet.parseAddress(words[3]), Integer.parseInt(words[4])));
            inside.computeIfAbsent(words[1], c -> new HashSet<>()).add(name);
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "serve {0}: {1}", name, e.getMessage());
        }
    }

    private void relay(String name, Fd listener, InetSocketAddress host) {
        PortForwarder present = relays;
        if (present == null) {
            present = PortForwarder.here();
            relays = present;
        }
        InetAddress to = !host.getAddress().isAnyLocalAddress()
                ? host.getAddress()
                : Subnet.parseAddress(host.getAddress().getAddress().length == 4 ? "127.0.0.1" : "::1");
        present.forward(
                name,
                List.of(new Listener("tcp", listener, 0)),
                new PortForwarder.Target(List.of(to), host.getPort(), false));
    }

    /// What is known of a container that is accelerated.
    private final class Accelerated implements Guest {
        private final String container;
        private final AccelerationWish wish;
        private @Nullable BypassPolicy policy;
        private long readNanos;

        Accelerated(String container, AccelerationWish wish) {
            this.container = container;
            this.wish = wish;
        }

        @Override
        public BypassPolicy policy() {
            BypassPolicy known = policy;
            long now = System.nanoTime();
            if (known == null || now - readNanos > POLICY_NANOS) {
                known = read();
                policy = known;
                readNanos = now;
            }
            return known;
        }

        private BypassPolicy read() {
            List<NetworkDefinition> all = networks.catalogue.all();
            List<Subnet> stay = new ArrayList<>(wish.inside());
            stay.add(OUTBOUND);
            all.stream().flatMap(n -> n.pools().stream()).map(Pool::subnet).forEach(stay::add);
            Optional<Attachment> attachment = networks.names.of(container);
            Set<InetAddress> own = new HashSet<>();
            boolean leaves = false;
            if (attachment.isPresent()) {
                own.addAll(attachment.get().addresses());
                leaves = all.stream()
                        .filter(n -> attachment.get().at(n.id()).isPresent())
                        .anyMatch(n -> !n.internal());
            }
            return new BypassPolicy(stay, own, leaves, !wish.ignoreBind());
        }

        @Override
        public Optional<InetSocketAddress> claim(int port, Families families) {
            return networks.names.of(container).flatMap(a -> networks.ports.handOver(a, port, families));
        }

        @Override
        public boolean hasClaimed(int hostPort) {
            return networks.names
                    .of(container)
                    .filter(a -> networks.ports.isHandedOver(a, hostPort))
                    .isPresent();
        }

        @Override
        public void relay(int port, Fd listener, InetSocketAddress host) {
            serveInside(container, port, listener, host);
        }
    }

    /// Lets go: what containers have goes on, and their calls wait for the next daemon.
    @Override
    public synchronized void close() {
        if (bypass != null) {
            bypass.close();
        }
        if (relays != null) {
            relays.close();
        }
    }
}
