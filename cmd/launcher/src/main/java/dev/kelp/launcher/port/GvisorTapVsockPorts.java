// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.GvisorTapVsockControl;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;

/// Has gvproxy itself forward: a service sees its gateway in the place of the client.
public final class GvisorTapVsockPorts implements PortDriver {
    private static final List<String> PROTOCOLS = List.of("tcp", "tcp4", "udp", "udp4");
    private static final System.Logger LOG = System.getLogger(GvisorTapVsockPorts.class.getName());

    private final GvisorTapVsockControl gvproxy;
    private final InetAddress address;
    private final PublishedPorts published = new PublishedPorts();
    private long nextId = 1;

    /// @param socket that gvproxy was started with
    /// @param address the device's, where ports lead that name no other
    public GvisorTapVsockPorts(Path socket, InetAddress address) {
        gvproxy = new GvisorTapVsockControl(socket);
        this.address = address;
    }

    @Override
    public String name() {
        return "gvisor-tap-vsock";
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
                    ErrorKind.UNSUPPORTED, "the gvisor-tap-vsock port driver has no protocol " + spec.proto());
        }
        try {
            expose(spec);
        } catch (KelpException e) {
            // a request that was given up is carried out when gvproxy goes on
            boolean nobodys = e.kind() == ErrorKind.ALREADY_EXISTS && !isPublished(spec) && unexpose(spec);
            if (!nobodys) {
                throw e;
            }
            expose(spec);
        }
        return published.put(nextId++, spec);
    }

    @Override
    public synchronized void remove(long id) {
        PortSpec spec = published.list().stream()
                .filter(status -> status.id() == id)
                .map(PortStatus::spec)
                .findFirst()
                .orElseThrow(() -> KelpException.notFound("unknown id: " + id));
        // one that is lost is as good as removed
        unexpose(spec);
        published.remove(id);
    }

    /// Whether gvproxy would take it for one of ours: it knows fewer protocols and addresses than can be told
    /// apart.
    private boolean isPublished(PortSpec spec) {
        return published.list().stream()
                .map(PortStatus::spec)
                .anyMatch(s -> s.transport().equals(spec.transport()) && host(s).equals(host(spec)));
    }

    /// @return false when gvproxy did not forward it
    private boolean unexpose(PortSpec spec) {
        try {
            gvproxy.unexpose(spec.transport(), host(spec));
            return true;
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.NOT_FOUND) {
                throw e;
            }
            return false;
        }
    }

    @Override
    public List<PortStatus> list() {
        return published.list();
    }

    /// Has a gvproxy that was started anew forward what its predecessor did.
    public synchronized void restore() {
        for (PortStatus status : published.list()) {
            try {
                expose(status.spec());
            } catch (KelpException e) {
                LOG.log(
                        Level.WARNING,
                        "port {0,number,#} is lost: {1}",
                        status.spec().parentPort(),
                        e.getMessage());
            }
        }
    }

    private void expose(PortSpec spec) {
        InetAddress target = spec.childIP().isEmpty() ? address : Subnet.parseAddress(spec.childIP());
        if (!(target instanceof Inet4Address)) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "the gvisor-tap-vsock port driver leads to no IPv6 address");
        }
        gvproxy.expose(spec.transport(), host(spec), target.getHostAddress() + ":" + spec.childPort());
    }

    private static String host(PortSpec spec) {
        String address = spec.parentIP().isEmpty() ? "0.0.0.0" : spec.parentIP();
        return (address.contains(":") ? "[" + address + "]" : address) + ":" + spec.parentPort();
    }

    @Override
    public void close() {}
}
