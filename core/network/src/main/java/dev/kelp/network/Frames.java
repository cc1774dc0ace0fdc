// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// What Ethernet frames say about where they go (RFC 894, RFC 791).
final class Frames {
    private static final int TYPE_OFFSET = 12;
    private static final int HEADER_BYTES = 14;
    private static final int IPV4 = 0x0800;
    private static final int IPV4_BYTES_MIN = 20;
    private static final int PROTOCOL_OFFSET = 9;
    private static final int TARGET_OFFSET = 16;
    private static final int FRAGMENT_OFFSET = 6;
    private static final int FRAGMENT_MASK = 0x1fff;
    private static final int TCP = 6;

    private Frames() {}

    /// @param frame from its first byte on; is left as it is
    static boolean isTo(ByteBuffer frame, InetAddress target) {
        return isIpv4(frame)
                && big(frame).getInt(HEADER_BYTES + TARGET_OFFSET)
                        == ByteBuffer.wrap(target.getAddress()).getInt();
    }

    /// Also a later fragment, which could be one.
    static boolean isTcpTo(ByteBuffer frame, InetAddress target, int port) {
        if (!isTo(frame, target) || frame.get(HEADER_BYTES + PROTOCOL_OFFSET) != TCP) {
            return false;
        }
        ByteBuffer b = big(frame);
        int header = HEADER_BYTES + (b.get(HEADER_BYTES) & 0xf) * 4;
        boolean later = (b.getShort(HEADER_BYTES + FRAGMENT_OFFSET) & FRAGMENT_MASK) != 0;
        return later || b.limit() < header + 4 || Short.toUnsignedInt(b.getShort(header + 2)) == port;
    }

    private static boolean isIpv4(ByteBuffer frame) {
        return frame.limit() >= HEADER_BYTES + IPV4_BYTES_MIN && big(frame).getShort(TYPE_OFFSET) == IPV4;
    }

    private static ByteBuffer big(ByteBuffer frame) {
        return frame.duplicate().order(ByteOrder.BIG_ENDIAN);
    }
}
