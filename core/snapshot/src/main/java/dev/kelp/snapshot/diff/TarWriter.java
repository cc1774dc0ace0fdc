// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import dev.kelp.linux.FileNames;
import dev.kelp.linux.Stat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes a tar as POSIX.1-2024 has it (pax): ustar headers, extended ones only for what does not fit in. Times are
/// whole
/// seconds, owners numbers only.
public final class TarWriter {
    private static final int BLOCK = 512;
    private static final int NAME_BYTES = 100;
    private static final long OCTAL_7_MAX = 07777777;
    private static final long OCTAL_11_MAX = 077777777777L;
    private static final byte[] ZEROS = new byte[BLOCK];

    private final OutputStream out;
    private long left;
    private int padding;

    public TarWriter(OutputStream out) {
        this.out = out;
    }

    /// What a header says.
    ///
    /// @param type the type flag
    /// @param sizeBytes the data that [#write] gives afterwards
    public record Header(
            String path, char type, String link, long sizeBytes, Stat stat, long seconds, Map<String, byte[]> xattrs) {}

    /// Begins an entry; the one before must have got all of its data.
    public void begin(Header h) throws IOException {
        if (left != 0) {
            throw new IllegalStateException("the entry before lacks " + left + " bytes");
        }
        out.write(ZEROS, 0, padding);
        byte[] path = FileNames.encode(h.path);
        byte[] link = FileNames.encode(h.link);
        Map<String, byte[]> extended = extended(h, path, link);
        if (!extended.isEmpty()) {
            writeExtended(extended);
        }
        byte[] block = new byte[BLOCK];
        System.arraycopy(path, 0, block, 0, Math.min(path.length, NAME_BYTES));
        System.arraycopy(link, 0, block, 157, Math.min(link.length, NAME_BYTES));
        octal(block, 100, 8, h.stat.permissions());
        octal(block, 108, 8, fit(Integer.toUnsignedLong(h.stat.uid()), OCTAL_7_MAX));
        octal(block, 116, 8, fit(Integer.toUnsignedLong(h.stat.gid()), OCTAL_7_MAX));
        octal(block, 124, 12, fit(h.sizeBytes, OCTAL_11_MAX));
        octal(block, 136, 12, fit(h.seconds, OCTAL_11_MAX));
        if (h.type == '3' || h.type == '4') {
            octal(block, 329, 8, fit(h.stat.rdevMajor(), OCTAL_7_MAX));
            octal(block, 337, 8, fit(h.stat.rdevMinor(), OCTAL_7_MAX));
        }
        header(block, h.type);
        left = h.sizeBytes;
        padding = (int) ((BLOCK - h.sizeBytes % BLOCK) % BLOCK);
    }

    private static long fit(long value, long max) {
        return value < 0 || value > max ? 0 : value;
    }

    private static Map<String, byte[]> extended(Header h, byte[] path, byte[] link) {
        Map<String, byte[]> extended = new LinkedHashMap<>();
        if (path.length > NAME_BYTES || !isAscii(path)) {
            extended.put("path", path);
        }
        if (link.length > NAME_BYTES || !isAscii(link)) {
            extended.put("linkpath", link);
        }
        number(extended, "size", h.sizeBytes, OCTAL_11_MAX);
        number(extended, "uid", Integer.toUnsignedLong(h.stat.uid()), OCTAL_7_MAX);
        number(extended, "gid", Integer.toUnsignedLong(h.stat.gid()), OCTAL_7_MAX);
        number(extended, "mtime", h.seconds, OCTAL_11_MAX);
        h.xattrs.forEach((name, value) -> extended.put("SCHILY.xattr." + name, value));
        return extended;
    }

    private static void number(Map<String, byte[]> extended, String key, long value, long max) {
        if (value < 0 || value > max) {
            extended.put(key, Long.toString(value).getBytes(StandardCharsets.US_ASCII));
        }
    }

    private static boolean isAscii(byte[] bytes) {
        for (byte b : bytes) {
            if (b < 0) {
                return false;
            }
        }
        return true;
    }

    /// `LENGTH KEY=VALUE\n` for each, where LENGTH counts itself.
    private void writeExtended(Map<String, byte[]> records) throws IOException {
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        records.forEach((key, value) -> {
            byte[] name = FileNames.encode(key);
            int rest = name.length + value.length + 3;
            int length = rest + Integer.toString(rest).length();
            if (Integer.toString(length).length() > Integer.toString(rest).length()) {
                length++;
            }
            data.writeBytes((length + " ").getBytes(StandardCharsets.US_ASCII));
            data.writeBytes(name);
            data.write('=');
            data.writeBytes(value);
            data.write('\n');
        });
        byte[] block = new byte[BLOCK];
        System.arraycopy("PaxHeaders/x".getBytes(StandardCharsets.US_ASCII), 0, block, 0, 12);
        octal(block, 100, 8, 0644);
        octal(block, 108, 8, 0);
        octal(block, 116, 8, 0);
        octal(block, 124, 12, data.size());
        octal(block, 136, 12, 0);
        header(block, 'x');
        data.writeTo(out);
        out.write(ZEROS, 0, (BLOCK - data.size() % BLOCK) % BLOCK);
    }

    private void header(byte[] block, char type) throws IOException {
        block[156] = (byte) type;
        System.arraycopy("ustar\00000".getBytes(StandardCharsets.US_ASCII), 0, block, 257, 8);
        Arrays.fill(block, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : block) {
            sum += b & 0xff;
        }
        octal(block, 148, 7, sum);
        out.write(block);
    }

    private static void octal(byte[] block, int at, int length, long value) {
        long v = value;
        for (int i = at + length - 2; i >= at; i--) {
            block[i] = (byte) ('0' + (v & 7));
            v >>= 3;
        }
        block[at + length - 1] = 0;
    }

    /// Data of the present entry; what is more than it has room for is dropped.
    public void write(byte[] data, int length) throws IOException {
        int n = (int) Math.min(length, left);
        out.write(data, 0, n);
        left -= n;
    }

    /// How many bytes the present entry lacks.
    public long left() {
        return left;
    }

    /// Ends the archive and flushes; does not close.
    public void end() throws IOException {
        out.write(ZEROS, 0, padding);
        out.write(ZEROS);
        out.write(ZEROS);
        out.flush();
    }
}
