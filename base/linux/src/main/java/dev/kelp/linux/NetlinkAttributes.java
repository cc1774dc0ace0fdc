// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The attributes of a netlink answer by type; of several of one type the last counts.
final class NetlinkAttributes {
    private static final int TYPE_MASK = 0x3fff;

    private final Map<Integer, byte[]> values;

    private NetlinkAttributes(Map<Integer, byte[]> values) {
        this.values = values;
    }

    /// Reads to the end of `in`, or to the first one that is cut off.
    static NetlinkAttributes of(ByteBuffer in) {
        Map<Integer, byte[]> values = new HashMap<>();
        int at = in.position();
        while (in.limit() - at >= 4) {
            int length = Short.toUnsignedInt(in.getShort(at));
            if (length < 4 || length > in.limit() - at) {
                break;
            }
            byte[] value = new byte[length - 4];
            in.get(at + 4, value);
            values.put(in.getShort(at + 2) & TYPE_MASK, value);
            at += length + 3 & ~3;
        }
        return new NetlinkAttributes(values);
    }

    byte @Nullable [] bytes(int type) {
        return values.get(type);
    }

    String text(int type) {
        byte[] value = values.getOrDefault(type, new byte[0]);
        int end = value.length > 0 && value[value.length - 1] == 0 ? value.length - 1 : value.length;
        return new String(value, 0, end, StandardCharsets.UTF_8);
    }

    int i32(int type, int otherwise) {
        byte[] value = values.get(type);
        return value == null || value.length < 4
                ? otherwise
                : ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }

    /// An attribute made of attributes; empty when it is missing.
    NetlinkAttributes nested(int type) {
        byte[] value = values.getOrDefault(type, new byte[0]);
        return of(ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN));
    }
}
