// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Builds a payload field by field.
final class PayloadWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    PayloadWriter u8(int value) {
        out.write(value);
        return this;
    }

    PayloadWriter u16(int value) {
        return u8(value).u8(value >> 8);
    }

    PayloadWriter i32(int value) {
        return u16(value).u16(value >> 16);
    }

    PayloadWriter string(String s) {
        return string(s.getBytes(StandardCharsets.UTF_8));
    }

    PayloadWriter string(byte[] b) {
        i32(b.length);
        out.writeBytes(b);
        return this;
    }

    PayloadWriter strings(List<String> list) {
        i32(list.size());
        list.forEach(this::string);
        return this;
    }

    PayloadWriter raw(byte[] b) {
        out.writeBytes(b);
        return this;
    }

    byte[] bytes() {
        return out.toByteArray();
    }
}
