// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What drivers remember.
final class PublishedPorts {
    private final Map<Long, PortStatus> ports = new TreeMap<>();

    /// @throws KelpException INVALID_ARGUMENT, or ALREADY_EXISTS when it is published
    synchronized void check(PortSpec spec) {
        spec.check();
        for (PortStatus status : ports.values()) {
            if (status.spec().collidesWith(spec)) {
                throw new KelpException(
                        ErrorKind.ALREADY_EXISTS,
                        "publish port " + spec.parentPort() + "/" + spec.proto() + ": conflict with ID " + status.id());
            }
        }
    }

    synchronized PortStatus put(long id, PortSpec spec) {
        PortStatus status = new PortStatus(id, spec);
        ports.put(id, status);
        return status;
    }

    /// @throws KelpException NOT_FOUND
    synchronized void remove(long id) {
        if (ports.remove(id) == null) {
            throw KelpException.notFound("unknown id: " + id);
        }
    }

    synchronized List<PortStatus> list() {
        return List.copyOf(ports.values());
    }
}
