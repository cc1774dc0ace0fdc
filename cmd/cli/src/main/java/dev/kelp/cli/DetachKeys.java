// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.model.KelpException;
import java.io.ByteArrayOutputStream;

/// Detach keys as typed for `--detach-keys`, as bytes of a terminal: `ctrl-p,ctrl-q`, `ctrl-@`, `a`.
public final class DetachKeys {
    private DetachKeys() {}

    /// @throws KelpException INVALID_ARGUMENT when a part of `text` is no key
    public static byte[] parse(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (text.isEmpty()) {
            return new byte[0];
        }
        for (String key : text.split(",", -1)) {
            bytes.write(key(key, text));
        }
        return bytes.toByteArray();
    }

    private static int key(String key, String all) {
        if (key.length() == 1 && key.charAt(0) < 128) {
            return key.charAt(0);
        }
        if (key.length() == 6 && key.startsWith("ctrl-")) {
            char c = Character.toLowerCase(key.charAt(5));
            if (c >= 'a' && c <= 'z') {
                return c - 'a' + 1;
            }
            int at = "@[\\]^_".indexOf(c);
            if (at >= 0) {
                return at == 0 ? 0 : 26 + at;
            }
        }
        throw KelpException.invalid("invalid detach keys `" + all + "`: `" + key + "` is not a key")
                .withHint("keys are single letters or ctrl-LETTER, separated by commas");
    }
}
