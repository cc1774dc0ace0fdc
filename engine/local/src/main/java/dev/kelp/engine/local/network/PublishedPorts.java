// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.ContainerNetworks.Request;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.linux.SocketOptions;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.PortMapping;
import dev.kelp.network.bypass.Guest.Families;
import dev.kelp.network.port.Listeners;
import dev.kelp.network.port.Listeners.Listener;
import dev.kelp.network.port.PortForwarder;
import dev.kelp.rootless.Holder;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The listening sockets of published ports. The holder keeps them too: while the daemon is away connections wait in
/// their backlog, and nobody else gets the port.
final class PublishedPorts {
    private static final System.Logger LOG = System.getLogger(PublishedPorts.class.getName());
    private static final String PREFIX = "port/";
    private static final String HANDED_OVER = "/handed-over";

    private final Holder holder;
    private final Supplier<PublishingDriver> driver;

    /// Container → the sockets of each of its mappings, in order.
    private final Map<String, List<List<Listener>>> open = new ConcurrentHashMap<>();

    /// Those whose ports services serve by themselves. They listen no more and only reserve the port.
    private final Set<Listener> handedOver = ConcurrentHashMap.newKeySet();

    private volatile @Nullable PortForwarder forwarder;

    /// @param driver the one of the settings, asked when a port is to be opened
    PublishedPorts(Holder holder, Supplier<PublishingDriver> driver) {
        this.holder = holder;
        this.driver = driver;
    }

    /// Opens all that a container publishes, or nothing.
    ///
    /// @param others who may have a port already
    /// @return the mappings with the host's ports
    List<PortMapping> open(Request request, Collection<Attachment> others) {
        return open(request, others, driver.get());
    }

    /// The same by another driver than that of the settings.
    List<PortMapping> open(Request request, Collection<Attachment> others, PublishingDriver by) {
        List<List<Listener>> sockets = new ArrayList<>();
        List<PortMapping> mappings = new ArrayList<>();
        PortMapping refused = null;
        try {
            for (PortMapping wanted : wanted(request)) {
                refused = wanted;
                Listeners.Opened opened = by.open(wanted);
                sockets.add(opened.listeners());
                mappings.add(opened.mapping());
            }
        } catch (KelpException e) {
            mappings.forEach(by::close);
            sockets.forEach(l -> l.forEach(s -> s.socket().close()));
            throw e.kind() == ErrorKind.ALREADY_EXISTS ? named(e, refused, others) : e;
        }
        if (!sockets.isEmpty()) {
            open.put(request.container(), sockets);
            store(request.container(), sockets);
        }
        return mappings;
    }

    /// Names the container whose port it is, when it is one of Kelp's.
    private static KelpException named(KelpException e, @Nullable PortMapping refused, Collection<Attachment> others) {
        return others.stream()
                .filter(a -> refused != null && a.ports().stream().anyMatch(p -> overlap(p, refused)))
                .findFirst()
                .map(a -> e.withHint("container " + a.name() + " publishes it"))
                .orElse(e);
    }

    private static boolean overlap(PortMapping a, PortMapping b) {
        return a.protocol().equals(b.protocol())
                && a.hostPort() < b.hostPort() + b.count()
                && b.hostPort() < a.hostPort() + a.count()
                && (a.hostAddress().isEmpty()
                        || b.hostAddress().isEmpty()
                        || a.hostAddress().equals(b.hostAddress()));
    }

    private static List<PortMapping> wanted(Request request) {
        Networking wanted = request.wanted();
        List<PortMapping> all = new ArrayList<>(wanted.ports());
        if (wanted.publishAll()) {
            Set<String> exposed = new LinkedHashSet<>(request.imagePorts());
            exposed.addAll(wanted.exposed());
            exposed.stream()
                    .flatMap(e -> PortMapping.parse(e).stream())
                    .filter(m -> all.stream().noneMatch(o -> covers(o, m)))
                    .forEach(all::add);
        }
        return all;
    }

    private static boolean covers(PortMapping o, PortMapping m) {
        return o.protocol().equals(m.protocol())
                && m.containerPort() >= o.containerPort()
                && m.containerPort() < o.containerPort() + o.count();
    }

    private void store(String container, List<List<Listener>> sockets) {
        for (int i = 0; i < sockets.size(); i++) {
            List<Listener> group = sockets.get(i);
            for (int j = 0; j < group.size(); j++) {
                holder.store(name(container, i, j, group.get(j)), group.get(j).socket());
            }
        }
    }

    private String name(String container, int mapping, int index, Listener l) {
        String plain = PREFIX + container + "/" + mapping + "/" + index + "/" + l.protocol() + "/" + l.offset();
        return handedOver.contains(l) ? plain + HANDED_OVER : plain;
    }

    /// Takes the sockets that an earlier daemon left with the holder.
    void adopt() {
        // in the order of their names: one that was handed over came to the holder later
        Map<String, Map<Integer, Map<Integer, Listener>>> found = new TreeMap<>();
        for (Map.Entry<String, Fd> kept : holder.stored().entrySet()) {
            String[] words = kept.getKey().split("/");
            if (kept.getKey().startsWith(PREFIX) && words.length >= 6) {
                Listener l = new Listener(words[4], kept.getValue(), Integer.parseInt(words[5]));
                found.computeIfAbsent(words[1], c -> new TreeMap<>())
                        .computeIfAbsent(Integer.parseInt(words[2]), m -> new TreeMap<>())
                        .put(Integer.parseInt(words[3]), l);
                if (kept.getKey().endsWith(HANDED_OVER)) {
                    handedOver.add(l);
                }
            } else {
                kept.getValue().close();
            }
        }
        found.forEach((container, groups) -> open.put(
                container,
                groups.values().stream().map(g -> List.copyOf(g.values())).toList()));
    }

    /// Hands a port over to the service that is about to serve it with a socket of the host's own: nothing is
    /// relayed
    /// to it any more. What it listens with may be bound beside the socket that keeps the port.
    ///
    /// @param port the container's
    /// @return the host's address; empty when the container publishes no such port for these families
    Optional<InetSocketAddress> handOver(Attachment attachment, int port, Families families) {
        List<List<Listener>> sockets = open.getOrDefault(attachment.container(), List.of());
        if (sockets.isEmpty() || !driver.get().onHost()) {
            return Optional.empty();
        }
        for (int i = 0; i < Math.min(sockets.size(), attachment.ports().size()); i++) {
            PortMapping mapping = attachment.ports().get(i);
            int offset = port - mapping.containerPort();
            if (!mapping.protocol().equals("tcp") || offset < 0 || offset >= mapping.count()) {
                continue;
            }
            List<Listener> mine = new ArrayList<>();
            InetAddress address = null;
            for (Listener l : sockets.get(i)) {
                InetAddress at = l.offset() == offset ? address(l) : null;
                if (at != null && serves(families, at)) {
                    mine.add(l);
                    // the IPv6 one comes last, and serves both
                    address = at;
                }
            }
            if (address != null) {
                stopRelaying(attachment, i, sockets.get(i), mine);
                return Optional.of(new InetSocketAddress(address, mapping.hostPort() + offset));
            }
        }
        return Optional.empty();
    }

    private static @Nullable InetAddress address(Listener l) {
        try {
            return InetSockets.local(l.socket()).getAddress();
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "the address of a listener", e);
            return null;
        }
    }

    private static boolean serves(Families families, InetAddress address) {
        return switch (families) {
            case IPV4 -> address instanceof Inet4Address;
            case IPV6 -> !(address instanceof Inet4Address);
            case BOTH -> true;
        };
    }

    private void stopRelaying(Attachment attachment, int mapping, List<Listener> group, List<Listener> mine) {
        if (handedOver.containsAll(mine)) {
            return;
        }
        String container = attachment.container();
        for (int j = 0; j < group.size(); j++) {
            Listener l = group.get(j);
            if (mine.contains(l) && !handedOver.contains(l)) {
                holder.drop(name(container, mapping, j, l));
                handedOver.add(l);
                holder.store(name(container, mapping, j, l), l.socket());
            }
        }
        PortForwarder relaying = forwarder;
        if (relaying != null) {
            forward(relaying, attachment);
        }
        for (Listener l : mine) {
            try {
                SocketOptions.setReuseAddress(l.socket());
                // a listening socket that will not read stops to listen and stays bound
                UnixSockets.shutdown(l.socket(), 0);
            } catch (ErrnoException e) {
                LOG.log(Level.DEBUG, "hand a port over", e);
            }
        }
    }

    /// Whether a TCP port of the host is one that a container's service serves by itself.
    boolean isHandedOver(Attachment attachment, int hostPort) {
        List<List<Listener>> sockets = open.getOrDefault(attachment.container(), List.of());
        for (int i = 0; i < Math.min(sockets.size(), attachment.ports().size()); i++) {
            PortMapping m = attachment.ports().get(i);
            if (m.protocol().equals("tcp")
                    && sockets.get(i).stream()
                            .anyMatch(l -> handedOver.contains(l) && m.hostPort() + l.offset() == hostPort)) {
                return true;
            }
        }
        return false;
    }

    /// Leads a container's ports to it.
    void forward(PortForwarder to, Attachment attachment) {
        forwarder = to;
        attachment.ends().stream()
                .map(Attachment.End::addresses)
                .filter(a -> !a.isEmpty())
                .findFirst()
                .ifPresent(addresses -> forward(to, attachment, addresses, true));
    }

    /// The same with the addresses at which the container is reached.
    void forward(PortForwarder to, Attachment attachment, List<InetAddress> addresses, boolean showsClient) {
        List<List<Listener>> sockets = open.getOrDefault(attachment.container(), List.of());
        for (int i = 0; i < Math.min(sockets.size(), attachment.ports().size()); i++) {
            to.forward(
                    attachment.container() + "/" + i,
                    sockets.get(i).stream().filter(l -> !handedOver.contains(l)).toList(),
                    new PortForwarder.Target(
                            addresses, attachment.ports().get(i).containerPort(), showsClient));
        }
    }

    /// As [#forward], after a daemon's end: what the holder did not keep is opened again, if it can be.
    void resume(PortForwarder forwarder, Attachment attachment) {
        if (!open.containsKey(attachment.container()) && !attachment.ports().isEmpty()) {
            List<List<Listener>> sockets = new ArrayList<>();
            try {
                attachment
                        .ports()
                        .forEach(m -> sockets.add(driver.get().reopen(m).listeners()));
                open.put(attachment.container(), sockets);
                store(attachment.container(), sockets);
            } catch (KelpException e) {
                LOG.log(Level.WARNING, "the ports of container {0} are lost: {1}", attachment.name(), e.getMessage());
                sockets.forEach(l -> l.forEach(s -> s.socket().close()));
            }
        }
        forward(forwarder, attachment);
    }

    /// Has a slirp4netns that was started anew open what its predecessor did.
    void lead(PublishingDriver.Slirp4netns to, Collection<Attachment> all) {
        for (Attachment a : all) {
            List<List<Listener>> sockets = open.getOrDefault(a.container(), List.of());
            for (int i = 0; i < Math.min(sockets.size(), a.ports().size()); i++) {
                try {
                    to.lead(new Listeners.Opened(a.ports().get(i), sockets.get(i)));
                } catch (KelpException e) {
                    LOG.log(Level.WARNING, "a port of container {0} is lost: {1}", a.name(), e.getMessage());
                }
            }
        }
    }

    void close(PortForwarder forwarder, Attachment attachment) {
        int mappings = open.getOrDefault(attachment.container(), List.of()).size();
        if (mappings > 0) {
            attachment.ports().forEach(driver.get()::close);
        }
        for (int i = 0; i < mappings; i++) {
            forwarder.withdraw(attachment.container() + "/" + i);
        }
        close(attachment);
    }

    /// Closes the sockets of ports that nothing leads into the container any more.
    void close(Attachment attachment) {
        String container = attachment.container();
        List<List<Listener>> sockets = open.remove(container);
        if (sockets == null) {
            return;
        }
        for (int i = 0; i < sockets.size(); i++) {
            List<Listener> group = sockets.get(i);
            for (int j = 0; j < group.size(); j++) {
                holder.drop(name(container, i, j, group.get(j)));
                handedOver.remove(group.get(j));
                group.get(j).socket().close();
            }
        }
    }
}
