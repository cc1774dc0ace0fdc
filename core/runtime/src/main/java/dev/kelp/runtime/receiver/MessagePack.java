// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/// Writes what fluentd's forward protocol needs of MessagePack, in the shortest form but for lengths over 15 entries.
final class MessagePack {
    private static final int EVENT_TIME = 0;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    MessagePack array(int entries) {
        return header(0x90, 0xdc, entries);
    }

    MessagePack map(int entries) {
        return header(0x80, 0xde, entries);
    }

    private MessagePack header(int small, int large, int entries) {
        if (entries < 16) {
            out.write(small | entries);
        } else if (entries < 1 << 16) {
            out.write(large);
            big(entries, 2);
        } else {
            out.write(large + 1);
            big(entries, 4);
        }
        return this;
    }

    MessagePack string(String text) {
        return string(text.getBytes(StandardCharsets.UTF_8));
    }

    /// A string whose encoding is the container's own matter.
    MessagePack string(byte[] text) {
        if (text.length < 32) {
            out.write(0xa0 | text.length);
        } else if (text.length < 1 << 8) {
            out.write(0xd9);
            out.write(text.length);
        } else if (text.length < 1 << 16) {
            out.write(0xda);
            big(text.length, 2);
        } else {
            out.write(0xdb);
            big(text.length, 4);
        }
        out.writeBytes(text);
        return this;
    }

    MessagePack number(long value) {
        if (value >= 0 && value < 128) {
            out.write((int) value);
        } else {
            out.write(0xd3);
            big(value, 8);
        }
        return this;
    }

    /// Seconds, or fluentd's own type with nanoseconds.
    MessagePack time(Instant time, boolean precise) {
        if (!precise) {
            return number(time.getEpochSecond());
        }
        out.write(0xd7);
        out.write(EVENT_TIME);
        big(time.getEpochSecond(), 4);
        big(time.getNano(), 4);
        return this;
    }

    /// The lowest bytes, the highest of them first.
    private void big(long value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
            out.write((int) (value >> shift));
        }
    }

    byte[] toBytes() {
        return out.toByteArray();
    }
}
