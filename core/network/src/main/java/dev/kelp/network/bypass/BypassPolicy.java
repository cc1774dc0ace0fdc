// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.model.network.Subnet;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;

/// Which connections of a container may leave by the host's network.
///
/// @param inside networks that are reached through the container's own
/// @param own the container's addresses
/// @param leaves false: nothing leaves, for networks that have no way out
/// @param bindsPublished whether published services get sockets of the host
public record BypassPolicy(List<Subnet> inside, Set<InetAddress> own, boolean leaves, boolean bindsPublished) {
    /// The most networks of one container.
    public static final int SUBNETS_MAX = 256;

    public BypassPolicy {
        inside = List.copyOf(inside);
        own = Set.copyOf(own);
    }

    /// Whether a connection may be the host's. What means another thing there stays: loopback, link-local addresses
    /// and
    /// all with a scope, multicast, and what no packet can be sent to.
    ///
    /// @param address an IPv4 one as such, however it was written
    public boolean leaves(InetAddress address, int scope) {
        return leaves
                && scope == 0
                && !address.isLoopbackAddress()
                && !address.isAnyLocalAddress()
                && !address.isLinkLocalAddress()
                && !address.isMulticastAddress()
                && !isReserved(address)
                && inside.stream().noneMatch(s -> s.contains(address));
    }

    /// 0.0.0.0/8 and 240.0.0.0/4 (RFC 1122, RFC 1112); `::a.b.c.d`, a form of IPv4 addresses that RFC 4291 gave up.
    private static boolean isReserved(InetAddress address) {
        byte[] digits = address.getAddress();
        if (address instanceof Inet4Address) {
            int first = Byte.toUnsignedInt(digits[0]);
            return first == 0 || first >= 240;
        }
        for (int i = 0; i < 12; i++) {
            if (digits[i] != 0) {
                return false;
            }
        }
        return true;
    }

    /// Whether a service bound to this address is one that published ports lead to.
    public boolean serves(InetAddress bound) {
        return bindsPublished && (bound.isAnyLocalAddress() || own.contains(bound));
    }
}
