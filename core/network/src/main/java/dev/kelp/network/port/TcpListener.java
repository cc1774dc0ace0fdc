// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import dev.kelp.linux.Epoll;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.network.port.PortForwarder.Endpoint;
import dev.kelp.network.port.PortForwarder.Target;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;

/// One listening TCP port.
final class TcpListener implements Endpoint {
    private static final System.Logger LOG = System.getLogger(TcpListener.class.getName());

    /// Connections taken before others have their turn.
    private static final int ACCEPTS_MAX = 64;

    /// Without descriptors accept(2) fails and the listener stays readable: looking away saves the processor.
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final PortForwarder forwarder;
    private final Fd socket;
    private final Target target;
    private final long key;
    private boolean paused;
    private boolean closed;

    TcpListener(PortForwarder forwarder, Fd socket, Target target) throws ErrnoException {
        this.forwarder = forwarder;
        this.socket = socket;
        this.target = target;
        key = forwarder.register(this);
        forwarder.watch(key, socket, Epoll.IN);
    }

    @Override
    public void ready(int side, int events) {
        for (int i = 0; i < ACCEPTS_MAX; i++) {
            Fd client;
            try {
                client = InetSockets.accept(socket);
            } catch (ErrnoException e) {
                pause(e);
                return;
            }
            if (client == null) {
                return;
            }
            relay(client);
        }
    }

    private void relay(Fd client) {
        try {
            InetAddress from = InetSockets.remote(client).getAddress();
            relay(client, from, target.ways(from));
        } catch (ErrnoException e) {
            // it is gone already
            LOG.log(Level.DEBUG, "look at a client", e);
            client.close();
        }
    }

    /// @param ways where the service may be
    private void relay(Fd client, InetAddress from, Iterator<InetSocketAddress> ways) {
        while (ways.hasNext()) {
            Fd server = null;
            try {
                server = connect(ways.next(), from);
                new TcpRelay(forwarder, client, server, ways.hasNext() ? () -> relay(client, from, ways) : null);
                return;
            } catch (ErrnoException e) {
                LOG.log(Level.DEBUG, "relay a connection", e);
                if (server != null) {
                    server.close();
                }
            }
        }
        client.close();
    }

    private Fd connect(InetSocketAddress to, InetAddress from) throws ErrnoException {
        InetAddress source = target.shown(from, to);
        if (source != null) {
            try {
                return InetSockets.connect(to, source);
            } catch (ErrnoException e) {
                LOG.log(Level.DEBUG, "show the client''s address", e);
            }
        }
        return InetSockets.connect(to, null);
    }

    private void pause(ErrnoException why) {
        LOG.log(Level.WARNING, "take a connection", why);
        try {
            forwarder.epoll().remove(socket);
            paused = true;
            forwarder.wakeAt(this, System.nanoTime() + PAUSE_NANOS);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "look away from a listener", e);
        }
    }

    @Override
    public void alarm(long nowNanos) {
        if (paused && !closed) {
            paused = false;
            try {
                forwarder.watch(key, socket, Epoll.IN);
            } catch (ErrnoException e) {
                pause(e);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        forwarder.unregister(key);
        if (!paused) {
            try {
                // the holder's duplicate would keep it registered
                forwarder.epoll().remove(socket);
            } catch (ErrnoException e) {
                LOG.log(Level.DEBUG, "leave a listener", e);
            }
        }
        socket.close();
    }
}
