// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.network;

import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Ports of the host that lead to ports of a container: `count` neighbouring ones as a single rule.
///
/// @param hostAddress the address to listen on; empty: every address of both families
/// @param hostPort the first; 0: the kernel chooses
/// @param protocol `tcp` or `udp`
public record PortMapping(String hostAddress, int hostPort, int containerPort, int count, String protocol) {
    public static final int PORT_MAX = 65535;

    public PortMapping {
        if (count < 1 || containerPort < 1 || containerPort + count - 1 > PORT_MAX) {
            throw KelpException.invalid("container port " + containerPort + " is outside 1 to " + PORT_MAX);
        }
        if (hostPort < 0 || hostPort + count - 1 > PORT_MAX) {
            throw KelpException.invalid("host port " + hostPort + " is outside 1 to " + PORT_MAX);
        }
    }

    /// Reads what `-p` takes: `[[ADDRESS:][HOST]:]CONTAINER[/PROTOCOL]`, ports may be ranges `A-B`, an IPv6 address
    /// stands in brackets.
    ///
    /// @return several when a range of container ports gets host ports of the kernel's choice
    /// @throws KelpException INVALID_ARGUMENT
    public static List<PortMapping> parse(String text) {
        try {
            int slash = text.lastIndexOf('/');
            String protocol = slash < 0 ? "tcp" : text.substring(slash + 1).toLowerCase(Locale.ROOT);
            if (!protocol.equals("tcp") && !protocol.equals("udp")) {
                throw KelpException.invalid("protocol `" + protocol + "`").withHint("tcp and udp can be published");
            }
            String rest = slash < 0 ? text : text.substring(0, slash);
            int last = rest.lastIndexOf(':');
            int[] container = range(rest.substring(last + 1));
            if (last < 0) {
                return unplaced("", container, protocol);
            }
            String front = rest.substring(0, last);
            int colon = front.startsWith("[") ? front.indexOf("]:") + 1 : front.lastIndexOf(':');
            boolean addressed = front.startsWith("[") ? colon > 0 : colon >= 0;
            String address = addressed ? address(front.substring(0, colon)) : "";
            String host = addressed ? front.substring(colon + 1) : front;
            if (host.isEmpty() || host.equals("0")) {
                return unplaced(address, container, protocol);
            }
            return placed(address, range(host), container, protocol);
        } catch (KelpException e) {
            throw e.within("publish `" + text + "`");
        }
    }

    private static List<PortMapping> placed(String address, int[] host, int[] container, String protocol) {
        int wanted = container[1] - container[0] + 1;
        int offered = host[1] - host[0] + 1;
        if (wanted != offered) {
            throw KelpException.invalid(offered + " host ports for " + wanted + " container ports");
        }
        return List.of(new PortMapping(address, host[0], container[0], wanted, protocol));
    }

    private static List<PortMapping> unplaced(String address, int[] container, String protocol) {
        List<PortMapping> all = new ArrayList<>();
        for (int port = container[0]; port <= container[1]; port++) {
            all.add(new PortMapping(address, 0, port, 1, protocol));
        }
        return all;
    }

    private static String address(String text) {
        boolean bracketed = text.startsWith("[") && text.endsWith("]");
        return Subnet.text(Subnet.parseAddress(bracketed ? text.substring(1, text.length() - 1) : text));
    }

    private static int[] range(String text) {
        String[] ends = text.split("-", -1);
        if (ends.length > 2) {
            throw KelpException.invalid("`" + text + "` is not a range of ports");
        }
        int first = port(ends[0]);
        int last = ends.length == 1 ? first : port(ends[1]);
        if (last < first) {
            throw KelpException.invalid("the range of ports `" + text + "` ends before it begins");
        }
        return new int[] {first, last};
    }

    private static int port(String text) {
        if (!text.matches("\\d{1,5}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > PORT_MAX) {
            throw KelpException.invalid("`" + text + "` is not a port")
                    .withHint("ports are numbers from 1 to " + PORT_MAX);
        }
        return Integer.parseInt(text);
    }

    public PortMapping withHostPort(int port) {
        return new PortMapping(hostAddress, port, containerPort, count, protocol);
    }
}
