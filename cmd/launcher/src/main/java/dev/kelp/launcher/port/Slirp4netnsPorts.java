// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.Slirp4netnsControl;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Has slirp4netns itself forward, by its API socket (slirp4netns(1)): the client's address is kept, IPv4 only.
public final class Slirp4netnsPorts implements PortDriver {
    private static final List<String> PROTOCOLS = List.of("tcp", "tcp4", "udp", "udp4");
    private static final System.Logger LOG = System.getLogger(Slirp4netnsPorts.class.getName());

    private final Slirp4netnsControl slirp;
    private final InetAddress address;
    private final PublishedPorts published = new PublishedPorts();

    /// Our id → slirp4netns'.
    private final Map<Long, Long> inside = new HashMap<>();

    private long nextId = 1;

    /// @param socket that slirp4netns was started with
    /// @param address the device's, where ports lead that name no other
    public Slirp4netnsPorts(Path socket, InetAddress address) {
        slirp = new Slirp4netnsControl(socket);
        this.address = address;
    }

    @Override
    public String name() {
        return "slirp4netns";
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
                    ErrorKind.UNSUPPORTED, "the slirp4netns port driver has no protocol " + spec.proto());
        }
        long theirs = slirp.add(forward(spec));
        // theirs begin anew with each process
        inside.put(nextId, theirs);
        return published.put(nextId++, spec);
    }

    @Override
    public synchronized void remove(long id) {
        published.remove(id);
        Long theirs = inside.remove(id);
        if (theirs != null) {
            slirp.remove(theirs);
        }
    }

    @Override
    public List<PortStatus> list() {
        return published.list();
    }

    /// Has a slirp4netns that was started anew forward what its predecessor did, under the ids that are known.
    public synchronized void restore() {
        // numbers of its predecessor are other ports' now
        inside.clear();
        for (PortStatus status : published.list()) {
            try {
                inside.put(status.id(), slirp.add(forward(status.spec())));
            } catch (KelpException e) {
                LOG.log(
                        Level.WARNING,
                        "port {0,number,#} is lost: {1}",
                        status.spec().parentPort(),
                        e.getMessage());
            }
        }
    }

    private Slirp4netnsControl.Forward forward(PortSpec spec) {
        InetAddress target = spec.childIP().isEmpty() ? address : Subnet.parseAddress(spec.childIP());
        if (!(target instanceof Inet4Address)) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "the slirp4netns port driver has no IPv6");
        }
        return new Slirp4netnsControl.Forward(
                spec.transport(),
                spec.parentIP().isEmpty() ? "0.0.0.0" : spec.parentIP(),
                spec.parentPort(),
                target.getHostAddress(),
                spec.childPort());
    }

    @Override
    public void close() {}
}
