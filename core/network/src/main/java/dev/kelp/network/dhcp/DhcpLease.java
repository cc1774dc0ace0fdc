// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dhcp;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/// What a server has granted.
///
/// @param seconds for how long, from the answer on
public record DhcpLease(
        InetAddress address,
        int prefixBits,
        Optional<InetAddress> router,
        List<InetAddress> nameServers,
        InetAddress server,
        long seconds) {
    private static final long SECONDS_DEFAULT = 3600;
    private static final int PREFIX_BITS_DEFAULT = 24;

    public DhcpLease {
        nameServers = List.copyOf(nameServers);
    }

    static DhcpLease of(DhcpMessage ack, InetAddress server) {
        return new DhcpLease(
                DhcpMessage.address(ack.offered()),
                ack.number(DhcpMessage.SUBNET_MASK).map(Integer::bitCount).orElse(PREFIX_BITS_DEFAULT),
                ack.addresses(DhcpMessage.ROUTER).stream().findFirst(),
                ack.addresses(DhcpMessage.NAME_SERVERS),
                server,
                ack.number(DhcpMessage.LEASE_SECONDS)
                        .map(Integer::toUnsignedLong)
                        .filter(s -> s > 0)
                        .orElse(SECONDS_DEFAULT));
    }
}
