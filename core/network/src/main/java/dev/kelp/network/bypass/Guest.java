// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.linux.Fd;
import java.net.InetSocketAddress;
import java.util.Optional;

/// A container with network acceleration, as the engine knows it. Called on the thread of [Bypass]: must be quick.
public interface Guest {
    BypassPolicy policy();

    /// Where a connection leads instead: a published service's own port on the host, reached without a relay. The
    /// machine's loopback is allowed here, and nowhere else.
    ///
    /// @param to what the program connects to
    /// @return the unspecified address for a service on all of the host's interfaces
    default Optional<InetSocketAddress> shortcut(InetSocketAddress to) {
        return Optional.empty();
    }

    /// A program connects, and it was decided how.
    ///
    /// @param byHost by a socket of the host; otherwise by its own, in the container's network
    default void connects(InetSocketAddress to, boolean byHost) {}

    /// Hands a published TCP port over to the service: connections to it are not relayed any more, and the port
    /// stays
    /// reserved in a way that another socket with SO_REUSEADDR may be bound beside.
    ///
    /// @param port the container's
    /// @return the host's address and port; empty when the port is not published, or not for these families
    Optional<InetSocketAddress> claim(int port, Families families);

    /// The service's socket has the port that [#claim] gave.
    default void bound(int hostPort) {}

    /// What kinds of addresses a listening socket serves.
    enum Families {
        IPV4,
        IPV6,
        BOTH
    }

    /// Whether a TCP port of the host is one that was handed over.
    boolean hasClaimed(int hostPort);

    /// Has connections of neighbours to the service relayed to the host's port.
    ///
    /// @param inside a listening socket of the container's network, the receiver's from now on
    void relay(int port, Fd inside, InetSocketAddress host);
}
