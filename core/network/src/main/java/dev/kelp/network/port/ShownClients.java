// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.port;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The clients' addresses that UDP sockets towards containers show, of all published ports together: of two sockets
/// that show the same one to the same service the kernel gives all answers to one.
final class ShownClients {
    private static final int TRIES_MAX = 16;

    private final Set<Ends> taken = new HashSet<>();

    /// What the service sees of a client, and the service.
    record Ends(InetSocketAddress client, InetSocketAddress service) {}

    /// A socket that speaks with a service; to be closed by [#close].
    ///
    /// @param ends null: the service does not see the client
    record Inside(Fd socket, @Nullable Ends ends) {}

    /// Shows the client with its own port unless another socket does, else with a port of the kernel's choice.
    Inside connect(InetSocketAddress client, InetSocketAddress service) throws ErrnoException {
        InetSocketAddress source =
                taken.contains(new Ends(client, service)) ? new InetSocketAddress(client.getAddress(), 0) : client;
        for (int tries = 0; tries < TRIES_MAX; tries++) {
            Fd socket = InetSockets.datagramsTo(service, source);
            try {
                Ends ends = new Ends(InetSockets.local(socket), service);
                if (taken.add(ends)) {
                    return new Inside(socket, ends);
                }
            } catch (ErrnoException e) {
                socket.close();
                throw e;
            }
            // with SO_REUSEADDR the kernel may choose a port that another of these sockets has
            socket.close();
        }
        throw new ErrnoException("bind", Errno.EADDRINUSE, source.toString());
    }

    void close(Inside inside) {
        inside.socket().close();
        Ends ends = inside.ends();
        if (ends != null) {
            taken.remove(ends);
        }
    }
}
