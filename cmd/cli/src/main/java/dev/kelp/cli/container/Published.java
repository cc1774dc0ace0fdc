// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.PortMapping;
import java.util.ArrayList;
import java.util.List;

/// A published port.
///
/// @param inside `80/tcp`
/// @param outside `0.0.0.0:8080`
record Published(String inside, String outside) {
    /// What is published now: nothing while the container does not run.
    static List<Published> of(ContainerDetail detail) {
        List<Published> all = new ArrayList<>();
        for (PortMapping m : detail.summary().network().ports()) {
            for (int i = 0; i < m.count(); i++) {
                String inside = (m.containerPort() + i) + "/" + m.protocol();
                int port = m.hostPort() == 0 ? 0 : m.hostPort() + i;
                if (m.hostAddress().isEmpty()) {
                    all.add(new Published(inside, "0.0.0.0:" + port));
                    all.add(new Published(inside, "[::]:" + port));
                } else {
                    all.add(new Published(inside, bracketed(m.hostAddress()) + ":" + port));
                }
            }
        }
        return all;
    }

    /// While it runs, with the ports that the kernel chose; else as asked for.
    static List<PortMapping> mappings(ContainerSummary c) {
        if (!c.network().ports().isEmpty()) {
            return c.network().ports();
        }
        Networking networking = c.spec().isolation().networking();
        return networking == null ? List.of() : networking.ports();
    }

    /// As `ps` shows them: `0.0.0.0:8080->80/tcp`, ranges in one.
    static String summary(List<PortMapping> mappings) {
        List<String> all = new ArrayList<>();
        for (PortMapping m : mappings) {
            String inside = range(m.containerPort(), m.count()) + "/" + m.protocol();
            List<String> addresses =
                    m.hostAddress().isEmpty() ? List.of("0.0.0.0", "[::]") : List.of(bracketed(m.hostAddress()));
            addresses.forEach(a -> all.add(a + ":" + range(m.hostPort(), m.count()) + "->" + inside));
        }
        return String.join(", ", all);
    }

    private static String bracketed(String address) {
        return address.contains(":") ? "[" + address + "]" : address;
    }

    private static String range(int first, int count) {
        return count == 1 ? Integer.toString(first) : first + "-" + (first + count - 1);
    }
}
