// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.PortMapping;
import java.util.ArrayList;
import java.util.List;

/// A published port.
///
/// @param inside `80/tcp`
/// @param outside `0.0.0.0:8080`
record Published(String inside, String outside) {
    static List<Published> of(ContainerDetail detail) {
        List<Published> all = new ArrayList<>();
        for (PortMapping m : mappings(detail)) {
            for (int i = 0; i < m.count(); i++) {
                String inside = (m.containerPort() + i) + "/" + m.protocol();
                int port = m.hostPort() == 0 ? 0 : m.hostPort() + i;
                if (m.hostAddress().isEmpty()) {
                    all.add(new Published(inside, "0.0.0.0:" + port));
                    all.add(new Published(inside, "[::]:" + port));
                } else {
                    boolean six = m.hostAddress().contains(":");
                    all.add(new Published(inside, (six ? "[" + m.hostAddress() + "]" : m.hostAddress()) + ":" + port));
                }
            }
        }
        return all;
    }

    /// While it runs, with the ports that the kernel chose; else as asked for.
    private static List<PortMapping> mappings(ContainerDetail detail) {
        if (!detail.network().ports().isEmpty()) {
            return detail.network().ports();
        }
        Networking networking = detail.spec().isolation().networking();
        return networking == null ? List.of() : networking.ports();
    }
}
