// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.PortMapping;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.network.port.Listeners;
import dev.kelp.network.port.PortForwarder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Kelp's own: sockets listen here, and one thread inside the namespace moves the bytes by splice(2).
public final class BuiltinPorts implements PortDriver {
    private static final List<String> PROTOCOLS = List.of("tcp", "tcp4", "tcp6", "udp", "udp4", "udp6");

    private final PortForwarder forwarder;
    private final boolean showsClients;
    private final PublishedPorts published = new PublishedPorts();
    private final Map<Long, Listeners.Opened> opened = new HashMap<>();
    private long nextId = 1;

    /// @param showsClients whether a TCP service sees the client's address: [DetachedNamespace#showClients] was
    /// called
    public BuiltinPorts(DetachedNamespace namespace, boolean showsClients) {
        this.forwarder = new PortForwarder(namespace);
        this.showsClients = showsClients;
    }

    @Override
    public String name() {
        return "builtin";
    }

    @Override
    public List<String> protocols() {
        return PROTOCOLS;
    }

    @Override
    public boolean refusesLoopback() {
        return false;
    }

    @Override
    public synchronized PortStatus add(PortSpec spec) {
        published.check(spec);
        if (!PROTOCOLS.contains(spec.proto())) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "the builtin port driver has no protocol " + spec.proto());
        }
        Listeners.Opened sockets = Listeners.open(
                new PortMapping(spec.listenAddress(), spec.parentPort(), spec.childPort(), 1, spec.transport()));
        try {
            // UDP has no connection whose answers could be told from other packets of the service
            boolean shows = showsClients && spec.transport().equals("tcp");
            forwarder.forward(
                    forwardName(nextId),
                    sockets.listeners(),
                    new PortForwarder.Target(spec.targets(), spec.childPort(), shows));
        } catch (KelpException e) {
            sockets.close();
            throw e;
        }
        opened.put(nextId, sockets);
        return published.put(nextId++, spec);
    }

    private static String forwardName(long id) {
        return "port " + id;
    }

    @Override
    public synchronized void remove(long id) {
        published.remove(id);
        forwarder.withdraw(forwardName(id));
        Listeners.Opened sockets = opened.remove(id);
        if (sockets != null) {
            sockets.close();
        }
    }

    @Override
    public List<PortStatus> list() {
        return published.list();
    }

    @Override
    public synchronized void close() {
        forwarder.close();
        opened.values().forEach(Listeners.Opened::close);
        opened.clear();
    }
}
