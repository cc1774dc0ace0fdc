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
        Networking networking = detail.spec().isolation().networking();
        for (PortMapping m : networking == null ? List.<PortMapping>of() : networking.ports()) {
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
}
