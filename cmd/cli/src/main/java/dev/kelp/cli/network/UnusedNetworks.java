// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.network;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Networks;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// Removes the networks that no running container is on, as `network prune` and `system prune` do.
public final class UnusedNetworks {
    private static final System.Logger LOG = System.getLogger(UnusedNetworks.class.getName());
    private static final Set<String> FIXED = Set.of(Networks.BRIDGE, Networks.HOST, Networks.NONE);

    private UnusedNetworks() {}

    /// Removes them and prints Docker's list; nothing when there was none.
    public static void remove(Invocation call, Predicate<NetworkDefinition> chosen) {
        Networks networks = call.namespace().networks();
        List<String> removed = new ArrayList<>();
        for (NetworkDefinition n : networks.list()) {
            if (!FIXED.contains(n.name()) && n.plugins() == null && chosen.test(n)) {
                try {
                    networks.remove(n.name());
                    removed.add(n.name());
                } catch (KelpException e) {
                    // in use: whom prune spares
                    LOG.log(System.Logger.Level.DEBUG, "spare a network", e);
                }
            }
        }
        if (!removed.isEmpty()) {
            call.out().append("Deleted Networks:\n");
            removed.forEach(n -> call.out().append(n).append('\n'));
            call.out().append('\n');
        }
    }
}
