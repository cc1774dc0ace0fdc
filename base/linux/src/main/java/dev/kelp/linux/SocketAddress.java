// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/// struct sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)) as bytes. An IPv4 address that is written as an IPv6 one
/// (`::ffff:a.b.c.d`) is read as what it is.
///
/// @param family as written: [SocketOptions#AF_INET] or [SocketOptions#AF_INET6]
/// @param address of either kind
/// @param port unsigned
/// @param scope of an IPv6 address, 0: none
public record SocketAddress(int family, InetAddress address, int port, int scope) {
    private static final int IPV4_BYTES = 16;
    /// Without the scope, as programs older than it write them.
    private static final int IPV6_BYTES_LEAST = 24;

    private static final int IPV6_BYTES = 28;

    /// Reads what a program gave to connect(2) or bind(2); empty for other families and what is too short.
    public static Optional<SocketAddress> read(byte[] bytes) {
        if (bytes.length < 2) {
            return Optional.empty();
        }
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        int family = Short.toUnsignedInt(in.getShort(0));
        try {
            if (family == SocketOptions.AF_INET && bytes.length >= IPV4_BYTES) {
                return Optional.of(new SocketAddress(
                        family, InetAddress.getByAddress(Arrays.copyOfRange(bytes, 4, 8)), port(bytes), 0));
            }
            if (family == SocketOptions.AF_INET6 && bytes.length >= IPV6_BYTES_LEAST) {
                int scope = bytes.length >= IPV6_BYTES ? in.getInt(24) : 0;
                return Optional.of(new SocketAddress(
                        family, InetAddress.getByAddress(Arrays.copyOfRange(bytes, 8, 24)), port(bytes), scope));
            }
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e);
        }
        return Optional.empty();
    }

    private static int port(byte[] bytes) {
        return Byte.toUnsignedInt(bytes[2]) << 8 | Byte.toUnsignedInt(bytes[3]);
    }

    /// How a socket of a family is told an address: an IPv4 one is mapped for an IPv6 socket.
    ///
    /// @throws IllegalArgumentException for an IPv6 address and an IPv4 socket
    public static byte[] write(int family, InetSocketAddress address) {
        byte[] digits = address.getAddress().getAddress();
        boolean v4 = family == SocketOptions.AF_INET;
        if (v4 && !(address.getAddress() instanceof Inet4Address)) {
            throw new IllegalArgumentException(address.toString());
        }
        byte[] bytes = new byte[v4 ? IPV4_BYTES : IPV6_BYTES];
        ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        out.putShort(0, (short) family);
        bytes[2] = (byte) (address.getPort() >> 8);
        bytes[3] = (byte) address.getPort();
        if (v4) {
            System.arraycopy(digits, 0, bytes, 4, 4);
        } else if (digits.length == 4) {
            if (!address.getAddress().isAnyLocalAddress()) {
                bytes[18] = (byte) 0xff;
                bytes[19] = (byte) 0xff;
                System.arraycopy(digits, 0, bytes, 20, 4);
            }
        } else {
            System.arraycopy(digits, 0, bytes, 8, 16);
            if (address.getAddress() instanceof Inet6Address six) {
                out.putInt(24, six.getScopeId());
            }
        }
        return bytes;
    }
}
