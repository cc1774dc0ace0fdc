// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition.Pool;
import dev.kelp.model.network.Subnet;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.Collection;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/// Chooses addresses. It remembers nothing: who asks says what is taken.
public final class AddressPool {
    /// Tried before a pool counts as full: of a large IPv6 range more cannot be walked through.
    private static final int TRIES_MAX = 1 << 16;

    private AddressPool() {}

    /// The pool of a subnet with its first address as the gateway.
    public static Pool of(Subnet subnet) {
        if (subnet.size().compareTo(BigInteger.valueOf(4)) < 0) {
            throw KelpException.invalid("subnet " + subnet + " is too small for a gateway and a container");
        }
        return new Pool(subnet, subnet.address(1), null);
    }

    /// Checks what a user asked for: gateway, range and auxiliary addresses lie inside the subnet, the addresses
    /// apart.
    ///
    /// @throws KelpException INVALID_ARGUMENT
    public static void check(Pool pool) {
        Subnet subnet = pool.subnet();
        if (!isUsable(subnet, pool.gateway())) {
            throw KelpException.invalid(
                    "gateway " + pool.gateway().getHostAddress() + " is no address for a host in " + subnet);
        }
        Subnet range = pool.range();
        if (range != null && !subnet.contains(range)) {
            throw KelpException.invalid("range " + range + " is not inside subnet " + subnet);
        }
        Set<InetAddress> known = new HashSet<>(Set.of(pool.gateway()));
        pool.auxiliary().forEach((name, address) -> {
            if (!isUsable(subnet, address)) {
                throw KelpException.invalid("auxiliary address " + name + "=" + address.getHostAddress()
                        + " is no address for a host in " + subnet);
            }
            if (!known.add(address)) {
                throw KelpException.invalid("auxiliary address " + name + "=" + address.getHostAddress()
                        + " is the gateway's or another one's");
            }
        });
    }

    /// The lowest free address of the pool, after those in use: a name that was just given back is not handed out
    /// again at once, as long as there are others.
    ///
    /// @throws KelpException RESOURCE_EXHAUSTED
    public static InetAddress next(Pool pool, Collection<InetAddress> taken) {
        Set<InetAddress> used = new HashSet<>(taken);
        used.add(pool.gateway());
        used.addAll(pool.auxiliary().values());
        Subnet range = pool.range() == null ? pool.subnet() : pool.range();
        Predicate<InetAddress> free = a -> isUsable(pool.subnet(), a) && !used.contains(a);
        BigInteger start = taken.stream()
                .filter(range::contains)
                .map(a -> range.offset(a).add(BigInteger.ONE))
                .max(BigInteger::compareTo)
                .filter(offset -> offset.compareTo(range.size()) < 0)
                .orElse(BigInteger.ZERO);
        return search(range, start, free)
                .or(() -> search(range, BigInteger.ZERO, free))
                .orElseThrow(
                        () -> new KelpException(ErrorKind.RESOURCE_EXHAUSTED, "no free address is left in " + range));
    }

    private static Optional<InetAddress> search(Subnet range, BigInteger start, Predicate<InetAddress> free) {
        BigInteger end = range.size().min(start.add(BigInteger.valueOf(TRIES_MAX)));
        for (BigInteger at = start; at.compareTo(end) < 0; at = at.add(BigInteger.ONE)) {
            InetAddress address = range.address(at);
            if (free.test(address)) {
                return Optional.of(address);
            }
        }
        return Optional.empty();
    }

    /// An address that a user asked for (`--ip`).
    ///
    /// @throws KelpException INVALID_ARGUMENT when it is no host's address of the subnet, ALREADY_EXISTS when taken
    public static InetAddress wanted(Pool pool, InetAddress address, Collection<InetAddress> taken) {
        if (!isUsable(pool.subnet(), address)) {
            throw KelpException.invalid(
                    "address " + address.getHostAddress() + " is no address for a host in " + pool.subnet());
        }
        if (taken.contains(address)
                || address.equals(pool.gateway())
                || pool.auxiliary().containsValue(address)) {
            throw new KelpException(
                    ErrorKind.ALREADY_EXISTS, "address " + address.getHostAddress() + " is already in use");
        }
        return address;
    }

    /// Not the network's own address, nor IPv4's broadcast address.
    private static boolean isUsable(Subnet subnet, InetAddress address) {
        if (!subnet.contains(address)) {
            return false;
        }
        BigInteger offset = subnet.offset(address);
        return offset.signum() > 0
                && (subnet.isIpv6() || !offset.add(BigInteger.ONE).equals(subnet.size()));
    }
}
