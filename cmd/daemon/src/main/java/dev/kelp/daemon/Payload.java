// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.FileNames;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// The fields of a frame's payload, read and written in order; integers are little-endian, a string is a `u32` length
/// and its bytes.
final class Payload {
    static final int STRINGS_MAX = 65_536;

    private ByteBuffer buffer;

    private Payload(ByteBuffer buffer) {
        this.buffer = buffer.order(ByteOrder.LITTLE_ENDIAN);
    }

    static Payload of(byte[] bytes) {
        return new Payload(ByteBuffer.wrap(bytes));
    }

    static Payload writer() {
        return new Payload(ByteBuffer.allocate(256));
    }

    int u8() throws IOException {
        return read(1).get() & 0xff;
    }

    int u16() throws IOException {
        return Short.toUnsignedInt(read(2).getShort());
    }

    int i32() throws IOException {
        return read(4).getInt();
    }

    byte[] bytes() throws IOException {
        int length = i32();
        if (length < 0 || length > buffer.remaining()) {
            throw new IOException("a string of " + length + " bytes does not fit its frame");
        }
        byte[] b = new byte[length];
        buffer.get(b);
        return b;
    }

    /// Any bytes, see [FileNames].
    String string() throws IOException {
        return FileNames.decode(bytes());
    }

    List<String> strings() throws IOException {
        int n = i32();
        if (n < 0 || n > STRINGS_MAX) {
            throw new IOException(n + " strings in a frame are not allowed");
        }
        List<String> all = new ArrayList<>(Math.min(n, 1024));
        for (int i = 0; i < n; i++) {
            all.add(string());
        }
        return all;
    }

    byte[] rest() {
        byte[] b = new byte[buffer.remaining()];
        buffer.get(b);
        return b;
    }

    private ByteBuffer read(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            throw new IOException("a frame is too short", new BufferUnderflowException());
        }
        return buffer;
    }

    Payload u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    Payload i32(int value) {
        room(4).putInt(value);
        return this;
    }

    Payload bytes(byte[] value) {
        room(4 + value.length).putInt(value.length).put(value);
        return this;
    }

    Payload string(String value) {
        return bytes(FileNames.encode(value));
    }

    Payload strings(List<String> values) {
        i32(values.size());
        values.forEach(this::string);
        return this;
    }

    byte[] toBytes() {
        byte[] written = new byte[buffer.position()];
        buffer.get(0, written);
        return written;
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            int capacity = Math.max(buffer.capacity() * 2, buffer.position() + bytes);
            ByteBuffer larger = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
            larger.put(buffer.flip());
            buffer = larger;
        }
        return buffer;
    }
}
