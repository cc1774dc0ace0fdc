// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Networking.Wish;
import java.util.List;
import java.util.Set;

/// Which namespaces a container shares, as far as this engine can do it. What it cannot do is refused: a container that
/// silently got less, or other, company than was asked for would be a trap.
final class NamespaceModes {
    /// Until there are networks of the engine's own.
    static final String DEFAULT = "host";

    /// Stands for whatever networks it is connected with.
    static final String BRIDGE = "bridge";

    private NamespaceModes() {}

    /// Puts the default in place of what was not asked for, so that a later default does not change this container.
    /// One
    /// that shares the machine's network only by default still has a host name of its own.
    ///
    /// @param ownName the container's own host name: its short id
    /// @throws KelpException UNSUPPORTED for what is to come: bridge networks and what belongs to them
    static Isolation settle(Isolation asked, String ownName) {
        boolean byDefault = asked.network() == null || asked.network().isEmpty();
        String network = byDefault ? DEFAULT : String.valueOf(asked.network());
        if (asked.cgroupns() != null && asked.cgroupns().indexOf(':') >= 0) {
            throw unsupported("--cgroupns=" + asked.cgroupns());
        }
        boolean named = asked.hostname() != null && !asked.hostname().isEmpty();
        boolean machines = "host".equals(asked.uts());
        Isolation settled = shares(network) ? asked.withNetwork(network) : connected(asked, network);
        return byDefault && !named && !machines ? settled.withHostname(ownName) : settled;
    }

    private static boolean shares(String network) {
        return Set.of("host", "none").contains(network)
                || network.startsWith("container:")
                || network.startsWith("ns:/");
    }

    private static Isolation connected(Isolation asked, String network) {
        Networking wanted = asked.networking() == null ? Networking.DEFAULT : asked.networking();
        List<Wish> wishes = wanted.wishes().isEmpty() ? List.of(Wish.of(network)) : wanted.wishes();
        return asked.withNetwork(BRIDGE)
                .withNetworking(new Networking(wishes, wanted.ports(), wanted.publishAll(), wanted.exposed()));
    }

    private static KelpException unsupported(String flag) {
        return new KelpException(ErrorKind.UNSUPPORTED, "`" + flag + "` is not there yet");
    }
}
