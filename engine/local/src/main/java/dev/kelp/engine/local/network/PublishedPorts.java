// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.network.ContainerNetworks.Request;
import dev.kelp.linux.Fd;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.PortMapping;
import dev.kelp.network.port.Listeners;
import dev.kelp.network.port.Listeners.Listener;
import dev.kelp.network.port.PortForwarder;
import dev.kelp.rootless.Holder;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The listening sockets of published ports. The holder keeps them too: while the daemon is away connections wait in
/// their backlog, and nobody else gets the port.
final class PublishedPorts {
    private static final System.Logger LOG = System.getLogger(PublishedPorts.class.getName());
    private static final String PREFIX = "port/";

    private final Holder holder;

    /// Container → the sockets of each of its mappings, in order.
    private final Map<String, List<List<Listener>>> open = new ConcurrentHashMap<>();

    PublishedPorts(Holder holder) {
        this.holder = holder;
    }

    /// Opens all that a container publishes, or nothing.
    ///
    /// @param others who may have a port already
    /// @return the mappings with the host's ports
    List<PortMapping> open(Request request, Collection<Attachment> others) {
        List<List<Listener>> sockets = new ArrayList<>();
        List<PortMapping> mappings = new ArrayList<>();
        PortMapping refused = null;
        try {
            for (PortMapping wanted : wanted(request)) {
                refused = wanted;
                Listeners.Opened opened = Listeners.open(wanted);
                sockets.add(opened.listeners());
                mappings.add(opened.mapping());
            }
        } catch (KelpException e) {
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

    private static String name(String container, int mapping, int index, Listener l) {
        return PREFIX + container + "/" + mapping + "/" + index + "/" + l.protocol() + "/" + l.offset();
    }

    /// Takes the sockets that an earlier daemon left with the holder.
    void adopt() {
        Map<String, Map<Integer, List<Listener>>> found = new TreeMap<>();
        for (Map.Entry<String, Fd> kept : holder.stored().entrySet()) {
            String[] words = kept.getKey().split("/");
            if (kept.getKey().startsWith(PREFIX) && words.length == 6) {
                found.computeIfAbsent(words[1], c -> new TreeMap<>())
                        .computeIfAbsent(Integer.parseInt(words[2]), m -> new ArrayList<>())
                        .add(new Listener(words[4], kept.getValue(), Integer.parseInt(words[5])));
            } else {
                kept.getValue().close();
            }
        }
        found.forEach((container, groups) -> open.put(container, new ArrayList<>(groups.values())));
    }

    /// Leads a container's ports to it.
    void forward(PortForwarder forwarder, Attachment attachment) {
        List<List<Listener>> sockets = open.getOrDefault(attachment.container(), List.of());
        if (sockets.isEmpty() || attachment.addresses().isEmpty()) {
            return;
        }
        InetAddress address = attachment.addresses().getFirst();
        for (int i = 0; i < Math.min(sockets.size(), attachment.ports().size()); i++) {
            forwarder.forward(
                    attachment.container() + "/" + i,
                    sockets.get(i),
                    new PortForwarder.Target(address, attachment.ports().get(i).containerPort()));
        }
    }

    /// As [#forward], after a daemon's end: what the holder did not keep is opened again, if it can be.
    void resume(PortForwarder forwarder, Attachment attachment) {
        if (!open.containsKey(attachment.container()) && !attachment.ports().isEmpty()) {
            List<List<Listener>> sockets = new ArrayList<>();
            try {
                attachment.ports().forEach(m -> sockets.add(Listeners.open(m).listeners()));
                open.put(attachment.container(), sockets);
                store(attachment.container(), sockets);
            } catch (KelpException e) {
                LOG.log(Level.WARNING, "the ports of container {0} are lost: {1}", attachment.name(), e.getMessage());
                sockets.forEach(l -> l.forEach(s -> s.socket().close()));
            }
        }
        forward(forwarder, attachment);
    }

    void close(PortForwarder forwarder, String container) {
        List<List<Listener>> sockets = open.remove(container);
        if (sockets == null) {
            return;
        }
        for (int i = 0; i < sockets.size(); i++) {
            forwarder.withdraw(container + "/" + i);
            List<Listener> group = sockets.get(i);
            for (int j = 0; j < group.size(); j++) {
                holder.drop(name(container, i, j, group.get(j)));
                group.get(j).socket().close();
            }
        }
    }
}
