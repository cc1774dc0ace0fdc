// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/// A netlink request under construction (netlink(7)): header, the family's fixed part, attributes. Native byte order,
/// which is little-endian on the machines Kelp runs on; addresses are written as they are.
final class NetlinkMessage {
    static final int HEADER_BYTES = 16;
    private static final int ATTRIBUTE_HEADER_BYTES = 4;
    private static final int NLA_F_NESTED = 0x8000;

    private ByteBuffer bytes = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);

    /// @param flags NLM_F_REQUEST is added
    NetlinkMessage(int type, int flags) {
        i32(0).u16(type).u16(flags | Netlink.NLM_F_REQUEST).i32(0).i32(0);
    }

    NetlinkMessage u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    NetlinkMessage u16(int value) {
        room(2).putShort((short) value);
        return this;
    }

    NetlinkMessage i32(int value) {
        room(4).putInt(value);
        return this;
    }

    NetlinkMessage attribute(int type, byte[] value) {
        u16(ATTRIBUTE_HEADER_BYTES + value.length).u16(type);
        room(value.length).put(value);
        return pad();
    }

    NetlinkMessage attribute(int type, int value) {
        return u16(ATTRIBUTE_HEADER_BYTES + 4).u16(type).i32(value);
    }

    /// With the NUL that names have.
    NetlinkMessage attribute(int type, String value) {
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        return attribute(type, Arrays.copyOf(text, text.length + 1));
    }

    /// An attribute made of what `content` adds.
    NetlinkMessage nest(int type, Consumer<NetlinkMessage> content) {
        int start = bytes.position();
        u16(0).u16(type | NLA_F_NESTED);
        content.accept(this);
        bytes.putShort(start, (short) (bytes.position() - start));
        return this;
    }

    /// The whole message with its length and sequence number.
    byte[] finish(int sequence) {
        bytes.putInt(0, bytes.position());
        bytes.putInt(8, sequence);
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    private NetlinkMessage pad() {
        while (bytes.position() % 4 != 0) {
            u8(0);
        }
        return this;
    }

    private ByteBuffer room(int more) {
        if (bytes.remaining() < more) {
            ByteBuffer larger =
                    ByteBuffer.allocate(2 * (bytes.capacity() + more)).order(ByteOrder.LITTLE_ENDIAN);
            larger.put(bytes.flip());
            bytes = larger;
        }
        return bytes;
    }
}
