// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import dev.kelp.model.KelpException;
import java.util.List;

/// Publishes ports. The contract, which a suite checks for each: when [#add] has returned, connections reach the
/// service;
/// when [#remove] has returned, no new one does; a port that cannot be had is refused with the reason; any thread may
/// call.
public interface PortDriver extends AutoCloseable {
    /// As in `--port-driver`.
    String name();

    /// The protocols that can be asked for.
    List<String> protocols();

    /// Whether a service on the loopback interface is out of reach.
    boolean refusesLoopback();

    /// @throws KelpException INVALID_ARGUMENT, ALREADY_EXISTS, PERMISSION_DENIED
    PortStatus add(PortSpec spec);

    /// @throws KelpException NOT_FOUND
    void remove(long id);

    /// In the order in which they were added.
    List<PortStatus> list();

    @Override
    void close();
}
