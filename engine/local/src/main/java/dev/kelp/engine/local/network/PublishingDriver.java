// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.Slirp4netnsControl;
import dev.kelp.network.Slirp4netnsControl.Forward;
import dev.kelp.network.port.Listeners;
import dev.kelp.network.port.Listeners.Listener;
import dev.kelp.network.port.Listeners.Opened;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/// Opens published ports on the host, as the port driver of the settings does. Sockets that listen are kept and
/// forwarded to containers by [PublishedPorts] whoever opened them, in the host's network or in the namespace.
interface PublishingDriver {
    /// @return the mapping with the host's port, and the sockets
    /// @throws KelpException as [Listeners#open]
    Opened open(PortMapping mapping);

    /// The same for a mapping that had its ports when an earlier daemon ran; starts no program and waits for none.
    default Opened reopen(PortMapping mapping) {
        return open(mapping);
    }

    /// What was opened is of no use any more; the sockets are the caller's.
    default void close(PortMapping mapping) {}

    /// Whether the sockets are of the host's network.
    default boolean onHost() {
        return true;
    }

    /// Kelp's own: sockets of the host's network.
    PublishingDriver BUILTIN = Listeners::open;

    /// Refuses: what is published is so by whoever started the daemon.
    PublishingDriver NONE = mapping -> {
        throw KelpException.invalid("publish port " + mapping.containerPort() + ": the port driver is none");
    };

    /// Somebody else opens them; here they are only known to be free.
    PublishingDriver ELSEWHERE = mapping -> {
        try (Opened tried = Listeners.open(mapping)) {
            return new Opened(tried.mapping(), List.of());
        }
    };

    /// Somebody else opens every port of the host that is listened on in the namespace, under the same number.
    record Implicit(Fd namespace) implements PublishingDriver {
        @Override
        public Opened open(PortMapping mapping) {
            InetAddress address = mapping.hostAddress().isEmpty() ? null : Subnet.parseAddress(mapping.hostAddress());
            if (address != null && !address.isLoopbackAddress() && !address.isAnyLocalAddress()) {
                throw new KelpException(
                                ErrorKind.UNSUPPORTED,
                                "publish port " + mapping.hostAddress() + ":" + mapping.hostPort()
                                        + ": the implicit port driver cannot choose among the host's addresses")
                        .withHint("leave the address out, or use the builtin port driver");
            }
            // free on the host as well, and one number for both
            return inside(namespace, free(mapping));
        }

        @Override
        public Opened reopen(PortMapping mapping) {
            return inside(namespace, mapping);
        }

        @Override
        public boolean onHost() {
            return false;
        }
    }

    /// slirp4netns opens what it is asked for and leads it into the namespace: IPv4 alone.
    ///
    /// @param guest the address of its device in the namespace
    /// @param started returns when it runs
    record Slirp4netns(Fd namespace, Slirp4netnsControl control, InetAddress guest, Runnable started)
            implements PublishingDriver {
        private static final System.Logger LOG = System.getLogger(Slirp4netns.class.getName());
        private static final String ANY = "0.0.0.0";

        @Override
        public Opened open(PortMapping mapping) {
            if (!mapping.hostAddress().isEmpty()
                    && !(Subnet.parseAddress(mapping.hostAddress()) instanceof Inet4Address)) {
                throw new KelpException(
                        ErrorKind.UNSUPPORTED,
                        "publish port [" + mapping.hostAddress() + "]:" + mapping.hostPort()
                                + ": the slirp4netns port driver has no IPv6");
            }
            PortMapping wanted = mapping.hostAddress().isEmpty() ? withAddress(mapping, ANY) : mapping;
            started.run();
            return openFree(wanted);
        }

        /// One at a time: a port that is free must still be so when slirp4netns is asked for it.
        private synchronized Opened openFree(PortMapping mapping) {
            Opened opened = reopen(free(mapping));
            List<Long> added = new ArrayList<>();
            try {
                for (Listener l : opened.listeners()) {
                    added.add(add(opened.mapping(), l));
                }
                return opened;
            } catch (KelpException e) {
                // by number: what else has such a port is somebody else's
                remove(added);
                opened.close();
                throw e;
            }
        }

        /// The sockets alone: a slirp4netns that starts is asked for their ports ([#lead]).
        @Override
        public Opened reopen(PortMapping mapping) {
            // on any port: two addresses of the host may have the same one
            PortMapping any = withAddress(mapping, ANY).withHostPort(0);
            return new Opened(mapping, inside(namespace, any).listeners());
        }

        /// Asks for the ports of a mapping; also of one that a slirp4netns that has ended served.
        void lead(Opened opened) {
            for (Listener l : opened.listeners()) {
                add(opened.mapping(), l);
            }
        }

        private long add(PortMapping mapping, Listener l) {
            return control.add(forward(mapping, l.offset(), port(l)));
        }

        private static int port(Listener l) {
            try {
                return InetSockets.local(l.socket()).getPort();
            } catch (ErrnoException e) {
                throw e.toKelp("look at a listener");
            }
        }

        private Forward forward(PortMapping mapping, int offset, int guestPort) {
            String address = mapping.hostAddress().isEmpty() ? ANY : mapping.hostAddress();
            return new Forward(
                    mapping.protocol(), address, mapping.hostPort() + offset, guest.getHostAddress(), guestPort);
        }

        @Override
        public void close(PortMapping mapping) {
            try {
                for (int i = 0; i < mapping.count(); i++) {
                    remove(control.find(forward(mapping, i, 0)));
                }
            } catch (KelpException e) {
                LOG.log(Level.DEBUG, "look for ports of slirp4netns", e);
            }
        }

        private void remove(List<Long> numbers) {
            try {
                numbers.forEach(control::remove);
            } catch (KelpException e) {
                // it has ended, and its ports with it
                LOG.log(Level.DEBUG, "close ports of slirp4netns", e);
            }
        }

        @Override
        public boolean onHost() {
            return false;
        }
    }

    private static PortMapping withAddress(PortMapping m, String address) {
        return new PortMapping(address, m.hostPort(), m.containerPort(), m.count(), m.protocol());
    }

    /// With ports that are free on the host, or the reason why they are not.
    private static PortMapping free(PortMapping mapping) {
        try (Opened tried = Listeners.open(mapping)) {
            return tried.mapping();
        }
    }

    private static Opened inside(Fd namespace, PortMapping mapping) {
        try {
            return NetworkNamespaces.inside(namespace, () -> Listeners.open(mapping));
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "open a port in the network namespace: " + e.getMessage(), e);
        }
    }
}
