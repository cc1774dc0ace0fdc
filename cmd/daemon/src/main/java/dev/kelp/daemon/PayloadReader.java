// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Reads the fields of a payload.
final class PayloadReader {
    /// Arguments or variables in one request; the kernel's own limit on both is bytes, 128 KiB each.
    static final int STRINGS_MAX = 100_000;

    private final ByteBuffer bytes;

    PayloadReader(byte[] payload) {
        bytes = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN);
    }

    int u8() throws ProtocolException {
        try {
            return Byte.toUnsignedInt(bytes.get());
        } catch (BufferUnderflowException e) {
            throw cut();
        }
    }

    int u16() throws ProtocolException {
        try {
            return Short.toUnsignedInt(bytes.getShort());
        } catch (BufferUnderflowException e) {
            throw cut();
        }
    }

    int i32() throws ProtocolException {
        try {
            return bytes.getInt();
        } catch (BufferUnderflowException e) {
            throw cut();
        }
    }

    /// Bytes that are not UTF-8 become U+FFFD; a NUL, which no argument can hold, breaks the protocol.
    String string() throws ProtocolException {
        int length = i32();
        if (length < 0 || length > bytes.remaining()) {
            throw cut();
        }
        byte[] b = new byte[length];
        bytes.get(b);
        String s = new String(b, StandardCharsets.UTF_8);
        if (s.indexOf('\0') >= 0) {
            throw new ProtocolException("the client sent a NUL in a string");
        }
        return s;
    }

    List<String> strings() throws ProtocolException {
        int count = i32();
        if (count < 0 || count > STRINGS_MAX) {
            throw new ProtocolException("the client sent " + Integer.toUnsignedString(count) + " strings");
        }
        List<String> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(string());
        }
        return list;
    }

    byte[] rest() {
        byte[] b = new byte[bytes.remaining()];
        bytes.get(b);
        return b;
    }

    void end() throws ProtocolException {
        if (bytes.hasRemaining()) {
            throw new ProtocolException("the client sent " + bytes.remaining() + " bytes too many");
        }
    }

    private static ProtocolException cut() {
        return new ProtocolException("the client sent a payload that is cut off");
    }
}
