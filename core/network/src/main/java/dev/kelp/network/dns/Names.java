// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dns;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/// Who is called what. Asked on the server's thread: answers come from memory.
public interface Names {
    /// The addresses of a name as the container at `client` may see it; empty when it is no name of ours.
    ///
    /// @param name lower case, without a dot at the end
    List<InetAddress> addresses(InetAddress client, String name);

    /// The name of an address of ours.
    Optional<String> name(InetAddress client, InetAddress address);

    /// Whom to ask what is not known here; empty: the host's servers.
    List<InetAddress> servers(InetAddress client);

    /// Whether a server is a container, reached from inside only.
    boolean isContainer(InetAddress server);
}
