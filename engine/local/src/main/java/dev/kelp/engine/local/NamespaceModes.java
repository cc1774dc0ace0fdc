// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.network.Networking;
import dev.kelp.model.network.Networking.Wish;
import dev.kelp.model.network.PrivateNetwork;
import java.util.List;
import java.util.Set;

/// Which namespaces a container shares, as far as this engine can do it. What it cannot do is refused: a container that
/// silently got less, or other, company than was asked for would be a trap.
final class NamespaceModes {
    /// Stands for whatever networks it is connected with; unless it names some, for the default one.
    static final String BRIDGE = "bridge";

    private NamespaceModes() {}

    /// Puts the default in place of what was not asked for, so that a later default does not change this container.
    ///
    /// @throws KelpException UNSUPPORTED for what is to come
    static Isolation settle(Isolation asked) {
        boolean byDefault = asked.network() == null || asked.network().isEmpty();
        String network = byDefault ? BRIDGE : String.valueOf(asked.network());
        if (asked.cgroupns() != null && asked.cgroupns().indexOf(':') >= 0) {
            throw unsupported("--cgroupns=" + asked.cgroupns());
        }
        return shares(network) ? asked.withNetwork(network) : connected(asked, network);
    }

    private static boolean shares(String network) {
        return Set.of("host", "none").contains(network)
                || network.startsWith("container:")
                || network.startsWith("ns:/")
                || PrivateNetwork.isOne(network);
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
