// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Reads an image archive from a stream, one entry after the other: names, links and sizes of ustar, pax and GNU tar.
/// Owners, modes and times do not matter here; layers are not read by this class.
///
/// Limits: [#ENTRIES_MAX] entries, [#EXTENDED_BYTES_MAX] bytes of an extended header.
final class TarReader {
    static final int ENTRIES_MAX = 1_000_000;
    static final int EXTENDED_BYTES_MAX = 1 << 20;
    private static final int BLOCK = 512;

    private final InputStream in;
    private final byte[] header = new byte[BLOCK];
    private long left;
    private int padding;
    private int entries;

    TarReader(InputStream in) {
        this.in = in;
    }

    /// @param type as in the header: `0` a file, `1` a hard link, `2` a symbolic link, `5` a directory
    record Entry(String name, char type, long size, String link) {}

    /// What extended headers say about the next entry.
    private static final class Extended {
        private @Nullable String name;
        private @Nullable String link;
        private long size = -1;
    }

    /// The next entry, null at the end. What was not read of the one before is skipped.
    @Nullable
    Entry next() throws IOException {
        Extended extended = new Extended();
        while (true) {
            skipRest();
            if (!readHeader()) {
                return null;
            }
            if (++entries > ENTRIES_MAX) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED, "the archive has over " + ENTRIES_MAX + " entries");
            }
            long size = number(124, 12);
            char type = header[156] == 0 ? '0' : (char) header[156];
            begin(size);
            switch (type) {
                case 'x' -> pax(text(size), extended);
                case 'g' -> skipRest();
                case 'L' -> extended.name = untilZero(text(size));
                case 'K' -> extended.link = untilZero(text(size));
                default -> {
                    return entry(type, size, extended);
                }
            }
        }
    }

    private Entry entry(char type, long size, Extended e) {
        boolean file = type == '0' || type == '7';
        long bytes = file ? (e.size >= 0 ? e.size : size) : 0;
        begin(file ? bytes : (type == '1' || type == '2' || type == '5' ? 0 : size));
        String name = e.name != null ? e.name : ustarName();
        return new Entry(name, type == '7' ? '0' : type, bytes, e.link != null ? e.link : string(157, 100));
    }

    private void begin(long size) {
        if (size < 0) {
            throw damaged("an entry has a negative size");
        }
        left = size;
        padding = (int) ((BLOCK - size % BLOCK) % BLOCK);
    }

    /// The content of the present entry; it need not be read, nor closed.
    InputStream content() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                if (left == 0 || length == 0) {
                    return left == 0 ? -1 : 0;
                }
                int n = in.read(target, offset, (int) Math.min(length, left));
                if (n < 0) {
                    throw damaged("it ends in the middle of an entry");
                }
                left -= n;
                return n;
            }
        };
    }

    private void skipRest() throws IOException {
        try {
            in.skipNBytes(left + padding);
        } catch (EOFException e) {
            throw damaged("it ends in the middle of an entry");
        }
        left = 0;
        padding = 0;
    }

    private boolean readHeader() throws IOException {
        int n = in.readNBytes(header, 0, BLOCK);
        if (n == 0) {
            return false;
        }
        if (n < BLOCK) {
            throw damaged("it ends in the middle of a header");
        }
        long sum = 0;
        boolean zero = true;
        for (int i = 0; i < BLOCK; i++) {
            zero &= header[i] == 0;
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff;
        }
        if (zero) {
            return false;
        }
        if (!isNumber(148, 8, sum)) {
            throw entries == 0
                    ? new KelpException(ErrorKind.INVALID_ARGUMENT, "this is not a tar archive")
                    : damaged("a header's checksum is wrong");
        }
        return true;
    }

    private boolean isNumber(int at, int length, long expected) {
        try {
            return number(at, length) == expected;
        } catch (KelpException e) {
            return false;
        }
    }

    /// Octal, or base 256 when the first bit is set.
    private long number(int at, int length) {
        if ((header[at] & 0x80) != 0) {
            long value = header[at] & 0x7f;
            for (int i = at + 1; i < at + length; i++) {
                if (value >> 54 != 0) {
                    throw damaged("a number is too large");
                }
                value = (value << 8) | (header[i] & 0xff);
            }
            return value;
        }
        long value = 0;
        for (char c : string(at, length).strip().toCharArray()) {
            if (c < '0' || c > '7') {
                throw damaged("a number is not octal");
            }
            value = value * 8 + (c - '0');
        }
        return value;
    }

    private String ustarName() {
        String name = string(0, 100);
        boolean ustar = string(257, 6).equals("ustar") && header[263] == '0';
        String prefix = ustar ? string(345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private String string(int at, int length) {
        int end = at;
        while (end < at + length && header[end] != 0) {
            end++;
        }
        return new String(header, at, end - at, StandardCharsets.UTF_8);
    }

    private byte[] text(long size) throws IOException {
        if (size > EXTENDED_BYTES_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "an extended header of the archive has " + size + " bytes, more than the " + EXTENDED_BYTES_MAX
                            + " allowed");
        }
        return content().readAllBytes();
    }

    private static String untilZero(byte[] text) {
        int end = 0;
        while (end < text.length && text[end] != 0) {
            end++;
        }
        return new String(text, 0, end, StandardCharsets.UTF_8);
    }

    /// Records of the form `LENGTH KEY=VALUE\n`.
    private static void pax(byte[] text, Extended e) {
        int at = 0;
        while (at < text.length) {
            int space = at;
            int length = 0;
            while (space < text.length && text[space] >= '0' && text[space] <= '9' && length <= text.length) {
                length = length * 10 + (text[space++] - '0');
            }
            if (space >= text.length || text[space] != ' ' || length <= space - at + 1 || at + length > text.length) {
                throw damaged("a pax header does not parse");
            }
            String record = new String(text, space + 1, at + length - space - 2, StandardCharsets.UTF_8);
            int equals = record.indexOf('=');
            if (equals < 0) {
                throw damaged("a pax header does not parse");
            }
            String value = record.substring(equals + 1);
            switch (record.substring(0, equals)) {
                case "path" -> e.name = value;
                case "linkpath" -> e.link = value;
                case "size" -> e.size = size(value);
                default -> {}
            }
            at += length;
        }
    }

    private static long size(String value) {
        if (!value.matches("[0-9]{1,18}")) {
            throw damaged("a pax header has no proper size");
        }
        return Long.parseLong(value);
    }

    private static KelpException damaged(String why) {
        return new KelpException(ErrorKind.DATA_LOSS, "the archive is damaged: " + why);
    }
}
