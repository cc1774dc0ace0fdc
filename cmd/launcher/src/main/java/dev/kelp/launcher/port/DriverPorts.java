// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.GvisorTapVsockControl;
import dev.kelp.network.Slirp4netnsControl;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;

/// Has the network driver's program itself forward, which it is asked for at its socket; IPv4 only. With slirp4netns a
/// service sees its client's address, with gvproxy the gateway's in its place.
public final class DriverPorts implements PortDriver {
    private static final List<String> PROTOCOLS = List.of("tcp", "tcp4", "udp", "udp4");
    private static final System.Logger LOG = System.getLogger(DriverPorts.class.getName());

    private final String name;
    private final Control control;
    private final InetAddress address;
    private final PublishedPorts published = new PublishedPorts();
    private long nextId = 1;

    /// Asks the program.
    private interface Control {
        /// @throws KelpException also when the program has such a port already
        void open(PortSpec spec, InetAddress target);

        /// @return false when the program does not forward it
        boolean close(PortSpec spec);
    }

    private DriverPorts(String name, Control control, InetAddress address) {
        this.name = name;
        this.control = control;
        this.address = address;
    }

    /// @param socket that slirp4netns was started with
    /// @param address the device's, where ports lead that name no other
    public static DriverPorts ofSlirp4netns(Path socket, InetAddress address) {
        return new DriverPorts("slirp4netns", new Slirp(new Slirp4netnsControl(socket)), address);
    }

    /// @param socket that gvproxy was started with
    /// @param address as above
    public static DriverPorts ofGvisorTapVsock(Path socket, InetAddress address) {
        return new DriverPorts("gvisor-tap-vsock", new Gvproxy(new GvisorTapVsockControl(socket)), address);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<String> protocols() {
        return PROTOCOLS;
    }

    @Override
    public boolean refusesLoopback() {
        return true;
    }

    @Override
    public synchronized PortStatus add(PortSpec spec) {
        published.check(spec);
        if (!PROTOCOLS.contains(spec.proto())) {
            throw new KelpException(
                    ErrorKind.UNSUPPORTED, "the " + name + " port driver has no protocol " + spec.proto());
        }
        try {
            open(spec);
        } catch (KelpException e) {
            // it may be left from a request that was given up
            boolean answered = e.kind() == ErrorKind.ALREADY_EXISTS || e.kind() == ErrorKind.INVALID_ARGUMENT;
            if (!answered || isPublished(spec) || !control.close(spec)) {
                throw e;
            }
            open(spec);
        }
        return published.put(nextId++, spec);
    }

    private void open(PortSpec spec) {
        InetAddress target = spec.childIP().isEmpty() ? address : Subnet.parseAddress(spec.childIP());
        if (!(target instanceof Inet4Address)) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "the " + name + " port driver leads to no IPv6 address");
        }
        control.open(spec, target);
    }

    @Override
    public synchronized void remove(long id) {
        PortSpec spec = published.list().stream()
                .filter(status -> status.id() == id)
                .map(PortStatus::spec)
                .findFirst()
                .orElseThrow(() -> KelpException.notFound("unknown id: " + id));
        // one that is lost is as good as removed
        boolean _ = control.close(spec);
        published.remove(id);
    }

    /// Whether the program would take it for one of ours: it knows fewer protocols and addresses than can be told
    /// apart.
    private boolean isPublished(PortSpec spec) {
        return published.list().stream()
                .map(PortStatus::spec)
                .anyMatch(s -> s.transport().equals(spec.transport())
                        && s.parentPort() == spec.parentPort()
                        && host(s).equals(host(spec)));
    }

    @Override
    public List<PortStatus> list() {
        return published.list();
    }

    /// Has a program that was started anew forward what its predecessor did, under the ids that are known.
    public synchronized void restore() {
        for (PortStatus status : published.list()) {
            try {
                open(status.spec());
            } catch (KelpException e) {
                LOG.log(
                        Level.WARNING,
                        "port {0,number,#} is lost: {1}",
                        status.spec().parentPort(),
                        e.getMessage());
            }
        }
    }

    private static String host(PortSpec spec) {
        return spec.parentIP().isEmpty() ? "0.0.0.0" : spec.parentIP();
    }

    @Override
    public void close() {}

    private record Slirp(Slirp4netnsControl slirp) implements Control {
        @Override
        public void open(PortSpec spec, InetAddress target) {
            slirp.add(forward(spec, target.getHostAddress()));
        }

        @Override
        public boolean close(PortSpec spec) {
            return slirp.removeAll(forward(spec, ""));
        }

        private static Slirp4netnsControl.Forward forward(PortSpec spec, String target) {
            return new Slirp4netnsControl.Forward(
                    spec.transport(), host(spec), spec.parentPort(), target, spec.childPort());
        }
    }

    private record Gvproxy(GvisorTapVsockControl gvproxy) implements Control {
        @Override
        public void open(PortSpec spec, InetAddress target) {
            gvproxy.expose(spec.transport(), local(spec), target.getHostAddress() + ":" + spec.childPort());
        }

        @Override
        public boolean close(PortSpec spec) {
            return gvproxy.unexpose(spec.transport(), local(spec));
        }

        private static String local(PortSpec spec) {
            String address = host(spec);
            return (address.contains(":") ? "[" + address + "]" : address) + ":" + spec.parentPort();
        }
    }
}
