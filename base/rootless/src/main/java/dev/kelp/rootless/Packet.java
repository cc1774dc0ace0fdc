// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.ByteArrayOutputStream;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/// One message of `native/PROTOCOL.md`: little-endian integers, strings as length and bytes.
final class Packet {
    /// Section 3's limit.
    static final int BYTES_MAX = 128 << 10;

    private Packet() {}

    static final class Writer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(1024);

        Writer(char type) {
            out.write(type);
        }

        Writer u8(int value) {
            out.write(value);
            return this;
        }

        Writer u32(int value) {
            out.write(value);
            out.write(value >> 8);
            out.write(value >> 16);
            out.write(value >> 24);
            return this;
        }

        Writer string(String value) {
            if (value.indexOf('\0') >= 0) {
                throw KelpException.invalid("`" + value.replace('\0', '?') + "` has a NUL character");
            }
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            u32(bytes.length);
            out.writeBytes(bytes);
            return this;
        }

        Writer strings(Collection<String> values) {
            u32(values.size());
            values.forEach(this::string);
            return this;
        }

        byte[] bytes() {
            if (out.size() > BYTES_MAX) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED,
                        "a message to the holder has " + out.size() + " bytes, more than the " + BYTES_MAX
                                + " allowed");
            }
            return out.toByteArray();
        }
    }

    static final class Reader {
        private final ByteBuffer in;

        Reader(byte[] bytes, int length) {
            in = ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.LITTLE_ENDIAN);
        }

        char type() {
            return (char) u8();
        }

        int u8() {
            try {
                return Byte.toUnsignedInt(in.get());
            } catch (BufferUnderflowException e) {
                throw tooShort(e);
            }
        }

        int u32() {
            try {
                return in.getInt();
            } catch (BufferUnderflowException e) {
                throw tooShort(e);
            }
        }

        String string() {
            int length = u32();
            if (length < 0 || length > in.remaining()) {
                throw tooShort(null);
            }
            byte[] bytes = new byte[length];
            in.get(bytes);
            return new String(bytes, StandardCharsets.UTF_8);
        }

        private static KelpException tooShort(@Nullable Throwable cause) {
            return new KelpException(ErrorKind.INTERNAL, "a message of the holder ends too early", cause);
        }
    }
}
