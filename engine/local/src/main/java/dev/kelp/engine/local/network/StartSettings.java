// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.network.Outbound;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/// The settings this daemon was started with. They are read when they are needed: who has mistyped a variable learns it
/// from the command that it is for.
final class StartSettings {
    private final Map<String, String> variables;
    private final AtomicBoolean remarked = new AtomicBoolean();

    StartSettings(Map<String, String> variables) {
        this.variables = variables;
    }

    RootlessSettings read() {
        return RootlessSettings.of(variables, HostAddresses.hasIpv6());
    }

    /// What will not work on this machine, and once what is set without effect; a sentence each.
    List<String> shortfalls() {
        RootlessSettings settings = read();
        List<String> all = new ArrayList<>();
        if (remarked.compareAndSet(false, true)) {
            all.addAll(settings.remarks());
        }
        if (settings.hasWayOut()) {
            Outbound.shortfall(settings.driver()).ifPresent(all::add);
        }
        return all;
    }
}
