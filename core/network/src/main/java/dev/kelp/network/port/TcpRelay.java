// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import dev.kelp.linux.Epoll;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.linux.UnixSockets;
import dev.kelp.network.port.PortForwarder.Endpoint;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/// Two connected sockets whose bytes go from one to the other, in both directions.
///
/// Both are watched edge-triggered: an event says that something changed, and what can move is found by trying.
final class TcpRelay implements Endpoint {
    private static final System.Logger LOG = System.getLogger(TcpRelay.class.getName());
    private static final int SHUT_WRITE = 1;
    private static final int CLIENT = 0;
    private static final int SERVER = 1;

    /// Pieces moved in a direction before other connections have their turn.
    private static final int ROUNDS_MAX = 16;

    private final PortForwarder forwarder;
    private final Fd client;
    private final Fd server;
    private final Direction up;
    private final Direction down;
    private final long key;
    private final @Nullable Runnable elsewhere;
    private boolean connected;
    private boolean queued;
    private boolean closed;

    /// Owns both sockets from now on; `server` may still be connecting.
    ///
    /// @param elsewhere what is to be done with the client when nobody listens there; null: it is turned away
    TcpRelay(PortForwarder forwarder, Fd client, Fd server, @Nullable Runnable elsewhere) throws ErrnoException {
        this.forwarder = forwarder;
        this.client = client;
        this.server = server;
        this.elsewhere = elsewhere;
        up = new Direction(client, server);
        down = new Direction(server, client);
        InetSockets.withoutDelay(client);
        InetSockets.withoutDelay(server);
        hasten(server);
        if (InetSockets.remote(client).getAddress().isLoopbackAddress()) {
            hasten(client);
        }
        key = forwarder.register(this);
        int interest = Epoll.IN | Epoll.OUT | Epoll.PEER_SHUT | Epoll.EDGE;
        try {
            forwarder.watch(key, CLIENT, client, interest);
            forwarder.watch(key, SERVER, server, interest);
        } catch (ErrnoException e) {
            forwarder.unregister(key);
            throw e;
        }
    }

    /// Within the machine there is nothing to congest, and where its choice is BBR that paces what is sent with
    /// timers.
    private static void hasten(Fd socket) {
        try {
            InetSockets.withoutPacing(socket);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "choose a congestion control", e);
        }
    }

    private final class Direction {
        private final Fd from;
        private final Fd to;
        private PipePool.@Nullable Pipe pipe;
        private int inPipe;
        private boolean ended;
        private boolean finished;

        /// Whether `from` may have bytes and `to` room: until one says EAGAIN, and again from its next event
        /// on.
        private boolean readable = true;

        private boolean writable = true;

        Direction(Fd from, Fd to) {
            this.from = from;
            this.to = to;
        }

        /// @return whether there may be more to do at once
        boolean pump() throws ErrnoException {
            for (int round = 0; round < ROUNDS_MAX && !finished; round++) {
                if (!(inPipe > 0 ? writable && drain() : readable && fill())) {
                    return false;
                }
            }
            return !finished;
        }

        private boolean drain() throws ErrnoException {
            PipePool.Pipe p = pipe;
            if (p == null) {
                throw new IllegalStateException("bytes in no pipe");
            }
            int n = InetSockets.splice(p.read(), to, inPipe);
            if (n <= 0) {
                writable = false;
                return false;
            }
            inPipe -= n;
            if (inPipe == 0) {
                release();
            }
            return true;
        }

        private boolean fill() throws ErrnoException {
            if (ended) {
                UnixSockets.shutdown(to, SHUT_WRITE);
                finished = true;
                return false;
            }
            PipePool.Pipe p = pipe == null ? forwarder.pipes().take() : pipe;
            pipe = p;
            int n;
            try {
                n = InetSockets.splice(from, p.write(), PipePool.CAPACITY_BYTES);
            } catch (ErrnoException e) {
                release();
                throw e;
            }
            if (n <= 0) {
                release();
                ended = n == 0;
                readable = ended;
                return ended;
            }
            inPipe = n;
            return true;
        }

        private void release() {
            PipePool.Pipe p = pipe;
            pipe = null;
            if (p != null && inPipe == 0) {
                forwarder.pipes().giveBack(p);
            } else if (p != null) {
                forwarder.pipes().discard(p);
            }
        }
    }

    @Override
    public void ready(int side, int events) {
        Direction fromSide = side == CLIENT ? up : down;
        Direction toSide = side == CLIENT ? down : up;
        fromSide.readable |= (events & ~Epoll.OUT) != 0;
        toSide.writable |= (events & ~Epoll.IN) != 0;
        if (!queued) {
            pump();
        }
    }

    /// Moves what can move now.
    void pump() {
        queued = false;
        if (closed) {
            return;
        }
        try {
            if (!connected && !connect()) {
                return;
            }
            boolean more = up.pump();
            more |= down.pump();
            if (up.finished && down.finished) {
                close();
            } else if (more) {
                queued = true;
                forwarder.again(this);
            }
        } catch (ErrnoException e) {
            // one side reset the connection: the other learns of it by the end
            LOG.log(Level.DEBUG, "relay", e);
            Runnable other = connected ? null : elsewhere;
            if (other != null && letGo()) {
                other.run();
            } else {
                close();
            }
        }
    }

    /// Gives the client up for another relay.
    private boolean letGo() {
        try {
            forwarder.epoll().remove(client);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "look away from a client", e);
            return false;
        }
        closed = true;
        forwarder.unregister(key);
        server.close();
        return true;
    }

    /// The other side is reached when its socket has no error and a peer.
    private boolean connect() throws ErrnoException {
        int error = InetSockets.error(server);
        if (error != 0) {
            throw new ErrnoException("connect", error, "container");
        }
        try {
            InetSockets.remote(server);
            connected = true;
            return true;
        } catch (ErrnoException e) {
            // ENOTCONN: still on its way
            return false;
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        forwarder.unregister(key);
        up.release();
        down.release();
        client.close();
        server.close();
    }
}
