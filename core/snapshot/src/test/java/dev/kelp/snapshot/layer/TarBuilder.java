// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/// Writes tars byte by byte, wrong ones too: what a library would refuse to write.
final class TarBuilder {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Map<String, byte[]> pax = new LinkedHashMap<>();
    int mode = 0644;
    long uid;
    long gid;
    long seconds = 1_600_000_000;

    static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    TarBuilder file(String path, String content) {
        return entry(path, '0', "", bytes(content));
    }

    TarBuilder directory(String path) {
        int before = mode;
        mode = mode == 0644 ? 0755 : mode;
        entry(path, '5', "", new byte[0]);
        mode = before;
        return this;
    }

    TarBuilder symlink(String path, String target) {
        return entry(path, '2', target, new byte[0]);
    }

    TarBuilder link(String path, String target) {
        return entry(path, '1', target, new byte[0]);
    }

    TarBuilder node(String path, char type) {
        return entry(path, type, "", new byte[0]);
    }

    /// Mode and owner of the entries from here on.
    TarBuilder as(int newMode, long newUid, long newGid) {
        mode = newMode;
        uid = newUid;
        gid = newGid;
        return this;
    }

    /// A record for the pax header of the next entry.
    TarBuilder pax(String key, String value) {
        return pax(key, bytes(value));
    }

    TarBuilder pax(String key, byte[] value) {
        pax.put(key, value);
        return this;
    }

    TarBuilder entry(String path, char type, String link, byte[] content) {
        if (!pax.isEmpty()) {
            raw(header("PaxHeader", 'x', "", paxRecords().length));
            content(paxRecords());
            pax.clear();
        }
        raw(header(path, type, link, content.length));
        return content(content);
    }

    TarBuilder extended(char type, byte[] content) {
        raw(header("././@LongLink", type, "", content.length));
        return content(content);
    }

    byte[] paxRecords() {
        ByteArrayOutputStream b = new ByteArrayOutputStream();
        pax.forEach((k, v) -> b.writeBytes(record(k, v)));
        return b.toByteArray();
    }

    static byte[] record(String key, byte[] value) {
        int body = bytes(key).length + value.length + 3;
        int length = body + 1;
        while (length != body + Integer.toString(length).length()) {
            length = body + Integer.toString(length).length();
        }
        ByteArrayOutputStream b = new ByteArrayOutputStream();
        b.writeBytes(bytes(length + " " + key + "="));
        b.writeBytes(value);
        b.write('\n');
        return b.toByteArray();
    }

    TarBuilder raw(byte[] data) {
        out.writeBytes(data);
        return this;
    }

    TarBuilder content(byte[] data) {
        out.writeBytes(data);
        out.writeBytes(new byte[-data.length & 511]);
        return this;
    }

    byte[] header(String path, char type, String link, long size) {
        byte[] h = new byte[512];
        put(h, 0, 100, bytes(path));
        put(h, 100, 8, bytes(String.format("%07o", mode)));
        number(h, 108, 8, uid);
        number(h, 116, 8, gid);
        number(h, 124, 12, size);
        number(h, 136, 12, seconds);
        h[156] = (byte) type;
        put(h, 157, 100, bytes(link));
        put(h, 257, 8, bytes("ustar\00000"));
        return checksummed(h);
    }

    static byte[] checksummed(byte[] h) {
        Arrays.fill(h, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : h) {
            sum += b & 0xff;
        }
        put(h, 148, 8, bytes(String.format("%06o\0 ", sum)));
        return h;
    }

    private static void number(byte[] h, int at, int length, long value) {
        if (value >= 0 && value < 1L << 3 * (length - 1)) {
            put(h, at, length, bytes(String.format("%0" + (length - 1) + "o", value)));
            return;
        }
        for (int i = 0; i < length; i++) {
            h[at + length - 1 - i] = i < 8 ? (byte) (value >> 8 * i) : (byte) (value < 0 ? -1 : 0);
        }
        h[at] |= (byte) 0x80;
    }

    static void put(byte[] h, int at, int length, byte[] value) {
        if (value.length > length) {
            throw new IllegalArgumentException(value.length + " bytes do not fit into " + length);
        }
        System.arraycopy(value, 0, h, at, value.length);
    }

    byte[] end() {
        return raw(new byte[1024]).unfinished();
    }

    byte[] unfinished() {
        return out.toByteArray();
    }

    InputStream stream() {
        return new ByteArrayInputStream(end());
    }
}
