// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.PortMapping;
import dev.kelp.model.network.Subnet;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A port to publish, in RootlessKit's words: parent is the host's side, child the command's.
///
/// @param proto `tcp`, `udp` or `sctp`; with 4 or 6 behind it for one family alone
/// @param parentIP empty: every address
/// @param childIP empty: the driver's choice
public record PortSpec(String proto, String parentIP, int parentPort, String childIP, int childPort) {
    private static final Set<String> PROTOCOLS =
            Set.of("tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "sctp", "sctp4", "sctp6");

    /// Reads `PARENTIP:PARENTPORT:[CHILDIP:]CHILDPORT/PROTO`; IPv6 addresses stand in brackets.
    ///
    /// @throws KelpException INVALID_ARGUMENT
    public static PortSpec parse(String text) {
        int slash = text.lastIndexOf('/');
        if (slash < 0) {
            throw malformed(text, "the protocol is missing");
        }
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        boolean bracketed = false;
        for (char c : text.substring(0, slash).toCharArray()) {
            if (c == '[' || c == ']') {
                bracketed = c == '[';
            } else if (c == ':' && !bracketed) {
                parts.add(part.toString());
                part.setLength(0);
            } else {
                part.append(c);
            }
        }
        parts.add(part.toString());
        if (parts.size() < 3 || parts.size() > 4 || bracketed) {
            throw malformed(text, "it is no PARENTIP:PARENTPORT:[CHILDIP:]CHILDPORT/PROTO");
        }
        PortSpec spec = new PortSpec(
                text.substring(slash + 1),
                parts.get(0),
                number(text, parts.get(1)),
                parts.size() == 4 ? parts.get(2) : "",
                number(text, parts.getLast()));
        try {
            spec.check();
        } catch (KelpException e) {
            throw e.within("port `" + text + "`");
        }
        return spec;
    }

    private static int number(String text, String digits) {
        if (!digits.matches("\\d{1,9}")) {
            throw malformed(text, "`" + digits + "` is not a port");
        }
        return Integer.parseInt(digits);
    }

    private static KelpException malformed(String text, String why) {
        return KelpException.invalid("port `" + text + "`: " + why);
    }

    /// @throws KelpException INVALID_ARGUMENT for what no driver can do
    void check() {
        if (!PROTOCOLS.contains(proto)) {
            throw KelpException.invalid("unknown protocol \"" + proto + "\"");
        }
        for (String address : List.of(parentIP, childIP)) {
            if (!address.isEmpty()) {
                Subnet.parseAddress(address);
            }
        }
        for (int port : new int[] {parentPort, childPort}) {
            if (port < 1 || port > PortMapping.PORT_MAX) {
                throw KelpException.invalid("port " + port + " is outside 1 to " + PortMapping.PORT_MAX);
            }
        }
        if (!parentIP.isEmpty() && !Subnet.parseAddress(parentIP).isAnyLocalAddress()) {
            boolean v4 = Subnet.parseAddress(parentIP) instanceof Inet4Address;
            if (v4 ? proto.endsWith("6") : proto.endsWith("4")) {
                throw KelpException.invalid("protocol " + proto + " cannot listen on " + parentIP);
            }
        }
    }

    /// Without the family.
    String transport() {
        return proto.endsWith("4") || proto.endsWith("6") ? proto.substring(0, proto.length() - 1) : proto;
    }

    /// What to listen on. As in Go, a protocol without a family and an address that means all, of whichever family,
    /// stand for both.
    String listenAddress() {
        boolean all = parentIP.isEmpty() || Subnet.parseAddress(parentIP).isAnyLocalAddress();
        if (!all) {
            return parentIP;
        }
        return proto.endsWith("4") ? "0.0.0.0" : proto.endsWith("6") ? "::" : "";
    }

    /// Where a service listens that said nothing: the loopback address that corresponds to the host's, else those
    /// of both
    /// families.
    List<InetAddress> targets() {
        if (!childIP.isEmpty()) {
            return List.of(Subnet.parseAddress(childIP));
        }
        if (!parentIP.isEmpty() && Subnet.parseAddress(parentIP).isLoopbackAddress()) {
            return List.of(Subnet.parseAddress(parentIP));
        }
        return List.of(Subnet.parseAddress("127.0.0.1"), Subnet.parseAddress("::1"));
    }

    /// Whether both want the same of the host.
    boolean collidesWith(PortSpec other) {
        return proto.equals(other.proto) && parentIP.equals(other.parentIP) && parentPort == other.parentPort;
    }
}
