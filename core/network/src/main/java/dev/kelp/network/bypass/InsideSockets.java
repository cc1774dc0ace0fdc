// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.SocketOptions;
import dev.kelp.linux.SocketOptions.Untouched;
import java.io.IOException;

/// Sockets of a container's own network.
final class InsideSockets {
    private InsideSockets() {}

    /// One that is set as another is.
    static Fd like(Fd namespace, Fd other, int family) throws ErrnoException {
        try {
            return NetworkNamespaces.inside(
                    namespace,
                    () -> SocketOptions.tcpLike(other, new Untouched(family), SocketOptions.isNonBlocking(other)));
        } catch (ErrnoException e) {
            throw e;
        } catch (IOException e) {
            throw new IllegalStateException("only system calls are made there", e);
        }
    }
}
