// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.Subnet;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/// The listening sockets of published ports, in the network namespace of the calling thread: the host's.
public final class Listeners {
    private static final int BACKLOG = 4096;
    private static final int EPHEMERAL_TRIES_MAX = 16;
    private static final InetAddress ANY_V4 = Subnet.parseAddress("0.0.0.0");
    private static final InetAddress ANY_V6 = Subnet.parseAddress("::");
    private static final int PRIVILEGED_PORTS = 1024;

    private Listeners() {}

    /// A socket that listens.
    ///
    /// @param protocol `tcp` or `udp`
    /// @param offset from the mapping's first port
    public record Listener(String protocol, Fd socket, int offset) {}

    /// The sockets of a mapping and the first of its ports, which the kernel chose when the mapping had none.
    public record Opened(PortMapping mapping, List<Listener> listeners) implements AutoCloseable {
        @Override
        public void close() {
            listeners.forEach(l -> l.socket().close());
        }
    }

    /// Opens all sockets of a mapping, or none. Without an address: one of each family, where the host has it.
    ///
    /// @throws KelpException ALREADY_EXISTS when a port is taken, PERMISSION_DENIED when it is privileged, both
    /// with
    ///     what to do about it
    public static Opened open(PortMapping mapping) {
        for (int attempt = 1; ; attempt++) {
            try {
                return openOnce(mapping);
            } catch (ErrnoException e) {
                // the port the kernel chose for one family may be taken in the other
                if (mapping.hostPort() != 0 || !e.is(Errno.EADDRINUSE) || attempt == EPHEMERAL_TRIES_MAX) {
                    throw explain(mapping, e);
                }
            }
        }
    }

    private static Opened openOnce(PortMapping mapping) throws ErrnoException {
        List<InetAddress> addresses = mapping.hostAddress().isEmpty()
                ? List.of(ANY_V4, ANY_V6)
                : List.of(Subnet.parseAddress(mapping.hostAddress()));
        List<Listener> made = new ArrayList<>();
        int first = mapping.hostPort();
        try {
            for (int i = 0; i < mapping.count(); i++) {
                for (InetAddress address : addresses) {
                    int port = first == 0 ? 0 : first + i;
                    Fd socket;
                    try {
                        socket = bind(mapping.protocol(), new InetSocketAddress(address, port));
                    } catch (ErrnoException e) {
                        if (isMissingFamily(e) && addresses.size() > 1 && !(address instanceof Inet4Address)) {
                            continue;
                        }
                        throw e;
                    }
                    made.add(new Listener(mapping.protocol(), socket, i));
                    first = first == 0 ? InetSockets.local(socket).getPort() : first;
                }
            }
            return new Opened(mapping.withHostPort(first), made);
        } catch (ErrnoException e) {
            made.forEach(l -> l.socket().close());
            throw e;
        }
    }

    private static boolean isMissingFamily(ErrnoException e) {
        return e.is(Errno.EAFNOSUPPORT) || e.is(Errno.EADDRNOTAVAIL);
    }

    private static Fd bind(String protocol, InetSocketAddress address) throws ErrnoException {
        return protocol.equals("udp") ? InetSockets.datagrams(address) : InetSockets.listen(address, BACKLOG);
    }

    private static KelpException explain(PortMapping mapping, ErrnoException e) {
        String where = (mapping.hostAddress().isEmpty() ? "" : mapping.hostAddress() + ":") + mapping.hostPort() + "/"
                + mapping.protocol();
        String what = "publish port " + where;
        if (e.is(Errno.EADDRINUSE)) {
            KelpException taken = new KelpException(ErrorKind.ALREADY_EXISTS, what + ": the port is already in use", e);
            return PortOwner.find(mapping)
                    .map(owner -> taken.withHint("it belongs to " + owner))
                    .orElse(taken);
        }
        if (e.is(Errno.EACCES) && mapping.hostPort() < PRIVILEGED_PORTS) {
            return new KelpException(ErrorKind.PERMISSION_DENIED, what + ": ports below 1024 are privileged", e)
                    .withHint("take a port from 1024 on, or as root: sysctl net.ipv4.ip_unprivileged_port_start="
                            + mapping.hostPort());
        }
        if (e.is(Errno.EADDRNOTAVAIL)) {
            return new KelpException(
                    ErrorKind.INVALID_ARGUMENT,
                    what + ": " + mapping.hostAddress() + " is no address of this machine",
                    e);
        }
        return e.toKelp(what);
    }
}
