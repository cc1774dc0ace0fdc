// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.bypass.BypassPolicy;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What the containers of one socket may do, checked.
///
/// @param inside networks that are reached through the container's own
/// @param auto whether the networks of its interfaces are, too
/// @param ports by the container's
/// @param ignoreBind whether published services are left to somebody else
record Wish(List<Subnet> inside, boolean auto, Map<Integer, HostPort> ports, boolean ignoreBind) {
    /// The default of `--ignore`.
    static final List<String> LOOPBACK = List.of("127.0.0.0/8");

    private static final String AUTO = "auto";
    private static final int PORT_MAX = 65_535;

    /// Where a published port is on the host.
    ///
    /// @param address null: all of the host's
    record HostPort(@Nullable InetAddress address, int port) {}

    Wish {
        inside = List.copyOf(inside);
        ports = Map.copyOf(ports);
    }

    /// @throws KelpException INVALID_ARGUMENT
    static Wish of(List<String> ignored, List<BypassSpec.Port> published, boolean ignoreBind) {
        List<Subnet> inside = new ArrayList<>();
        boolean auto = false;
        for (String subnet : ignored) {
            if (subnet.equals(AUTO)) {
                auto = true;
            } else {
                inside.add(Subnet.parse(subnet));
            }
        }
        if (inside.size() > BypassPolicy.SUBNETS_MAX) {
            throw KelpException.invalid(
                    inside.size() + " subnets to ignore, " + BypassPolicy.SUBNETS_MAX + " are the most");
        }
        Map<Integer, HostPort> ports = new HashMap<>();
        Set<Integer> taken = new HashSet<>();
        for (BypassSpec.Port p : published) {
            if (!p.isTcp()) {
                continue;
            }
            String address = BypassSpec.text(p.parentIP());
            InetAddress ip = address.isEmpty() ? null : Subnet.parseAddress(address);
            HostPort host = new HostPort(ip == null || ip.isAnyLocalAddress() ? null : ip, checked(p.parentPort()));
            if (!taken.add(host.port())) {
                throw KelpException.invalid("host port " + host.port() + " is already forwarded");
            }
            if (ports.put(checked(p.childPort()), host) != null) {
                throw KelpException.invalid("container port " + p.childPort() + " is already forwarded");
            }
        }
        return new Wish(inside, auto, ports, ignoreBind);
    }

    /// Reads `HOST:CONTAINER`.
    static BypassSpec.Port port(String text) {
        String[] words = text.split(":", -1);
        if (words.length != 2 || !words[0].matches("\\d{1,5}") || !words[1].matches("\\d{1,5}")) {
            throw KelpException.invalid("invalid publish port format: '" + text + "'")
                    .withHint("write it as HOSTPORT:CONTAINERPORT");
        }
        return new BypassSpec.Port(null, null, Integer.parseInt(words[0]), null, Integer.parseInt(words[1]));
    }

    private static int checked(int port) {
        if (port < 1 || port > PORT_MAX) {
            throw KelpException.invalid(port + " is no port: 1 to " + PORT_MAX + " are");
        }
        return port;
    }
}
