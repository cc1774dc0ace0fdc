// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dhcp;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A server's answer, or a question of ours, as it is on the wire.
///
/// @param transaction what an answer has in common with its question
/// @param offered the client's address
/// @param options by their codes; one that comes twice is one long one (RFC 3396)
record DhcpMessage(int transaction, byte[] offered, Map<Integer, byte[]> options) {
    static final int DISCOVER = 1;
    static final int OFFER = 2;
    static final int REQUEST = 3;
    static final int ACK = 5;
    static final int NAK = 6;

    static final int SUBNET_MASK = 1;
    static final int ROUTER = 3;
    static final int NAME_SERVERS = 6;
    static final int REQUESTED_ADDRESS = 50;
    static final int LEASE_SECONDS = 51;
    static final int TYPE = 53;
    static final int SERVER = 54;
    private static final int WISHES = 55;
    private static final int CLIENT = 61;

    /// As large as RFC 2131 has every client take, and larger than what servers send unasked.
    static final int BYTES_MAX = 1500;

    private static final int BYTES_MIN = 300;
    private static final int FIXED_BYTES = 236;
    private static final int OFFERED_OFFSET = 16;
    private static final int HARDWARE_OFFSET = 28;
    private static final int COOKIE = 0x63825363;
    private static final int PAD = 0;
    private static final int END = 255;
    private static final byte BOOT_REQUEST = 1;
    private static final byte BOOT_REPLY = 2;
    private static final byte ETHERNET = 1;
    private static final short BROADCAST = (short) 0x8000;
    private static final int OFFSET_TRANSACTION = 4;
    private static final int OFFSET_FLAGS = 10;
    private static final int OFFSET_CLIENT = 12;

    /// A question.
    ///
    /// @param own the address the client has, all zero before it has one: only then answers must be broadcast
    /// @param options besides the type, which comes first
    static ByteBuffer question(int type, int transaction, byte[] hardware, byte[] own, Map<Integer, byte[]> options) {
        ByteBuffer out = ByteBuffer.allocate(BYTES_MAX);
        out.put(0, BOOT_REQUEST).put(1, ETHERNET).put(2, (byte) hardware.length);
        out.putInt(OFFSET_TRANSACTION, transaction);
        boolean addressed = ByteBuffer.wrap(own).getInt() != 0;
        out.putShort(OFFSET_FLAGS, addressed ? 0 : BROADCAST);
        out.put(OFFSET_CLIENT, own);
        out.put(HARDWARE_OFFSET, hardware);
        out.position(FIXED_BYTES).putInt(COOKIE);
        option(out, TYPE, new byte[] {(byte) type});
        option(
                out,
                CLIENT,
                ByteBuffer.allocate(1 + hardware.length)
                        .put(ETHERNET)
                        .put(hardware)
                        .array());
        options.forEach((code, value) -> option(out, code, value));
        option(out, WISHES, new byte[] {SUBNET_MASK, ROUTER, NAME_SERVERS, LEASE_SECONDS, SERVER});
        out.put((byte) END);
        return out.limit(Math.max(out.position(), BYTES_MIN)).rewind();
    }

    private static void option(ByteBuffer out, int code, byte[] value) {
        out.put((byte) code).put((byte) value.length).put(value);
    }

    /// An answer; empty for anything else.
    static Optional<DhcpMessage> answer(ByteBuffer in) {
        if (in.remaining() < FIXED_BYTES + Integer.BYTES
                || in.get(0) != BOOT_REPLY
                || in.getInt(FIXED_BYTES) != COOKIE) {
            return Optional.empty();
        }
        byte[] offered = new byte[Integer.BYTES];
        in.get(OFFERED_OFFSET, offered);
        Map<Integer, byte[]> options = new HashMap<>();
        ByteBuffer rest = in.duplicate().position(FIXED_BYTES + Integer.BYTES);
        while (rest.hasRemaining()) {
            int code = Byte.toUnsignedInt(rest.get());
            if (code == END) {
                break;
            }
            if (code == PAD) {
                continue;
            }
            int length = rest.hasRemaining() ? Byte.toUnsignedInt(rest.get()) : 1;
            if (length > rest.remaining()) {
                return Optional.empty();
            }
            byte[] value = new byte[length];
            rest.get(value);
            options.merge(code, value, DhcpMessage::joined);
        }
        return Optional.of(new DhcpMessage(in.getInt(OFFSET_TRANSACTION), offered, options));
    }

    private static byte[] joined(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }

    /// 0 when it has none.
    int type() {
        byte[] value = options.getOrDefault(TYPE, new byte[0]);
        return value.length == 1 ? value[0] : 0;
    }

    /// A number of four bytes.
    Optional<Integer> number(int code) {
        byte[] value = options.getOrDefault(code, new byte[0]);
        return value.length == Integer.BYTES
                ? Optional.of(ByteBuffer.wrap(value).getInt())
                : Optional.empty();
    }

    /// IPv4 addresses one after the other.
    List<InetAddress> addresses(int code) {
        byte[] value = options.getOrDefault(code, new byte[0]);
        List<InetAddress> all = new ArrayList<>();
        for (int at = 0; at + Integer.BYTES <= value.length; at += Integer.BYTES) {
            byte[] one = new byte[Integer.BYTES];
            System.arraycopy(value, at, one, 0, one.length);
            all.add(address(one));
        }
        return all;
    }

    static InetAddress address(byte[] four) {
        try {
            return InetAddress.getByAddress(four);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
