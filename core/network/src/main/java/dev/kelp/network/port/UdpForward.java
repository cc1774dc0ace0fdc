// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import dev.kelp.linux.Epoll;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.linux.InetSockets.Datagram;
import dev.kelp.network.port.PortForwarder.Endpoint;
import dev.kelp.network.port.PortForwarder.Target;
import dev.kelp.network.port.ShownClients.Inside;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One UDP port: each client gets a socket of its own towards the container, so that answers find their way, until
/// both were silent for a while. They leave from the address that was asked.
final class UdpForward implements Endpoint {
    private static final System.Logger LOG = System.getLogger(UdpForward.class.getName());
    private static final long IDLE_NANOS_MAX = TimeUnit.SECONDS.toNanos(120);

    /// Clients of a port at once; with one more the one that was silent longest is forgotten.
    private static final int FLOWS_MAX = 4096;

    /// Datagrams moved before others have their turn; the descriptor stays readable.
    private static final int ROUNDS_MAX = 64;

    private final PortForwarder forwarder;
    private final Fd socket;
    private final Target target;
    private final long key;
    private final SequencedMap<Peer, Flow> flows = new LinkedHashMap<>(16, 0.75f, true);

    /// Whether an alarm will look at the flows.
    private boolean watched;

    UdpForward(PortForwarder forwarder, Fd socket, Target target) throws ErrnoException {
        this.forwarder = forwarder;
        this.socket = socket;
        this.target = target;
        if (InetSockets.local(socket).getAddress().isAnyLocalAddress()) {
            InetSockets.tellArrival(socket);
        }
        key = forwarder.register(this);
        forwarder.watch(key, socket, Epoll.IN);
    }

    /// @param asked the address it sent to; null: the socket's only one
    private record Peer(InetSocketAddress client, @Nullable InetAddress asked) {}

    /// A client and its socket in the detached namespace.
    private final class Flow implements Endpoint {
        private final Peer peer;
        private final Inside inside;
        private final Iterator<InetSocketAddress> otherWays;
        private final long flowKey;
        private long usedNanos = System.nanoTime();

        private boolean answered;

        /// What was sent last, as long as the service may be elsewhere.
        private byte @Nullable [] last;

        Flow(Peer peer, Inside inside, Iterator<InetSocketAddress> otherWays) throws ErrnoException {
            this.peer = peer;
            this.inside = inside;
            this.otherWays = otherWays;
            flowKey = forwarder.register(this);
            forwarder.watch(flowKey, inside.socket(), Epoll.IN);
        }

        @Override
        public void ready(int side, int events) {
            for (int i = 0; i < ROUNDS_MAX; i++) {
                try {
                    Datagram answer = InetSockets.receive(inside.socket(), forwarder.datagram());
                    if (answer == null) {
                        return;
                    }
                    usedNanos = System.nanoTime();
                    answered = true;
                    last = null;
                    InetSockets.send(socket, forwarder.datagram(), peer.client(), peer.asked());
                } catch (ErrnoException e) {
                    // "port unreachable" from the container, or the client is gone: as on any network
                    LOG.log(Level.DEBUG, "answer a datagram", e);
                    if (e.is(Errno.ECONNREFUSED)) {
                        refused(this);
                    }
                    return;
                }
            }
        }

        @Override
        public void close() {
            forwarder.unregister(flowKey);
            forwarder.shownClients().close(inside);
        }
    }

    @Override
    public void ready(int side, int events) {
        for (int i = 0; i < ROUNDS_MAX; i++) {
            try {
                Datagram d = InetSockets.receive(socket, forwarder.datagram());
                if (d == null) {
                    return;
                }
                forward(new Peer(d.sender(), d.arrival()), forwarder.datagram());
            } catch (ErrnoException e) {
                LOG.log(Level.DEBUG, "forward a datagram", e);
                return;
            }
        }
    }

    private void forward(Peer peer, ByteBuffer data) throws ErrnoException {
        Flow flow = flows.get(peer);
        if (flow == null) {
            flow = open(peer, target.ways(peer.client().getAddress()));
            flows.put(peer, flow);
            if (!watched) {
                watched = true;
                forwarder.wakeAt(this, flow.usedNanos + IDLE_NANOS_MAX);
            }
            if (flows.size() > FLOWS_MAX) {
                Flow oldest = flows.pollFirstEntry().getValue();
                oldest.close();
            }
        }
        flow.usedNanos = System.nanoTime();
        if (!flow.answered && flow.otherWays.hasNext()) {
            byte[] copy = new byte[data.remaining()];
            data.duplicate().get(copy);
            flow.last = copy;
        }
        try {
            InetSockets.send(flow.inside.socket(), data, null, null);
        } catch (ErrnoException e) {
            // what the one before met
            if (!e.is(Errno.ECONNREFUSED) || !refused(flow)) {
                throw e;
            }
        }
    }

    /// Nobody listens where a flow leads: sends its last datagram where the service may be as well.
    private boolean refused(Flow flow) {
        byte[] again = flow.last;
        if (again == null) {
            return false;
        }
        flow.close();
        flows.remove(flow.peer);
        try {
            Flow other = open(flow.peer, flow.otherWays);
            flows.put(flow.peer, other);
            forwarder.datagram().clear().put(again).flip();
            InetSockets.send(other.inside.socket(), forwarder.datagram(), null, null);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "forward a datagram elsewhere", e);
        }
        return true;
    }

    private Flow open(Peer peer, Iterator<InetSocketAddress> ways) throws ErrnoException {
        Inside inside = connect(peer.client(), ways.next());
        try {
            return new Flow(peer, inside, ways);
        } catch (ErrnoException e) {
            forwarder.shownClients().close(inside);
            throw e;
        }
    }

    private Inside connect(InetSocketAddress client, InetSocketAddress to) throws ErrnoException {
        if (target.shown(client.getAddress(), to) != null) {
            try {
                return forwarder.shownClients().connect(client, to);
            } catch (ErrnoException e) {
                LOG.log(Level.DEBUG, "show the client''s address", e);
            }
        }
        return new Inside(InetSockets.datagramsTo(to, null), null);
    }

    @Override
    public void alarm(long nowNanos) {
        while (!flows.isEmpty() && nowNanos - flows.firstEntry().getValue().usedNanos >= IDLE_NANOS_MAX) {
            flows.pollFirstEntry().getValue().close();
        }
        watched = !flows.isEmpty();
        if (watched) {
            forwarder.wakeAt(this, flows.firstEntry().getValue().usedNanos + IDLE_NANOS_MAX);
        }
    }

    @Override
    public void close() {
        forwarder.unregister(key);
        try {
            forwarder.epoll().remove(socket);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "leave a listener", e);
        }
        socket.close();
        List.copyOf(flows.values()).forEach(Flow::close);
        flows.clear();
    }
}
