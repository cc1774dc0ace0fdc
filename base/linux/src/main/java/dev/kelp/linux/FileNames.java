// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// File names as strings and back. To Linux a name is bytes; nearly all are UTF-8. A byte that belongs to no UTF-8
/// character becomes the lone surrogate U+DC00 + byte, as in Python's `surrogateescape`, so that every name survives
/// the
/// way to a string and back, and no two names become one.
public final class FileNames {
    private static final char ESCAPE = '\uDC00';
    private static final char REPLACEMENT = '\uFFFD';

    private FileNames() {}

    public static String decode(byte[] bytes) {
        return decode(bytes, 0, bytes.length);
    }

    public static String decode(byte[] bytes, int from, int to) {
        String s = new String(bytes, from, to - from, StandardCharsets.UTF_8);
        return s.indexOf(REPLACEMENT) < 0 ? s : decodeEscaping(bytes, from, to);
    }

    private static String decodeEscaping(byte[] bytes, int from, int to) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes, from, to - from);
        CharBuffer out = CharBuffer.allocate(to - from);
        for (CoderResult r = decoder.decode(in, out, true); r.isError(); r = decoder.decode(in, out, true)) {
            for (int i = 0; i < r.length(); i++) {
                out.put((char) (ESCAPE + (in.get() & 0xff)));
            }
        }
        return out.flip().toString();
    }

    /// The bytes that [#decode] made this of; of any other string its UTF-8.
    public static byte[] encode(String name) {
        if (isUtf8(name)) {
            return name.getBytes(StandardCharsets.UTF_8);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(name.length() + 16);
        int plain = 0;
        for (int i = 0; i < name.length(); i++) {
            if (isEscape(name, i)) {
                out.writeBytes(name.substring(plain, i).getBytes(StandardCharsets.UTF_8));
                out.write(name.charAt(i) - ESCAPE);
                plain = i + 1;
            }
        }
        out.writeBytes(name.substring(plain).getBytes(StandardCharsets.UTF_8));
        return out.toByteArray();
    }

    /// Whether the name's bytes are UTF-8: no byte had to be escaped.
    public static boolean isUtf8(String name) {
        for (int i = 0; i < name.length(); i++) {
            if (isEscape(name, i)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isEscape(String s, int i) {
        char c = s.charAt(i);
        return c >= ESCAPE + 0x80 && c <= ESCAPE + 0xff && (i == 0 || !Character.isHighSurrogate(s.charAt(i - 1)));
    }
}
