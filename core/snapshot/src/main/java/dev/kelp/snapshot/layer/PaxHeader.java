// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.model.KelpException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/// The records of one pax extended header (POSIX.1-2024, pax, "pax Extended Header"): `LENGTH KEY=VALUE\n`. Only
/// what matters to unpacking is kept.
final class PaxHeader {
    private static final String XATTR = "SCHILY.xattr.";

    private final Map<String, String> fields = new HashMap<>();
    private final Map<String, byte[]> xattrs = new HashMap<>();

    private PaxHeader() {}

    static PaxHeader parse(byte[] data, UnpackLimits limits) {
        PaxHeader header = new PaxHeader();
        int at = 0;
        while (at < data.length) {
            int space = at;
            int length = 0;
            while (space < data.length && data[space] >= '0' && data[space] <= '9' && length <= data.length) {
                length = length * 10 + data[space++] - '0';
            }
            int end = at + length;
            if (space == at || space >= data.length || data[space] != ' ' || end > data.length || end - 1 <= space) {
                throw damaged("has a record of a wrong length");
            }
            if (data[end - 1] != '\n') {
                throw damaged("has a record that does not end where it says");
            }
            header.add(data, space + 1, end - 1, limits);
            at = end;
        }
        return header;
    }

    private void add(byte[] data, int from, int to, UnpackLimits limits) {
        int eq = from;
        while (eq < to && data[eq] != '=') {
            eq++;
        }
        if (eq == from || eq == to) {
            throw damaged("has a record without a key");
        }
        String key = TarReader.text(data, from, eq);
        if (key.startsWith(XATTR)) {
            if (to - eq - 1 > limits.xattrBytes()) {
                throw damaged("has the attribute " + key + " with more than " + limits.xattrBytes() + " bytes");
            }
            xattrs.put(key.substring(XATTR.length()), Arrays.copyOfRange(data, eq + 1, to));
            return;
        }
        if (key.startsWith("GNU.sparse.")) {
            throw TarReader.sparse();
        }
        switch (key) {
            case "path", "linkpath", "size", "uid", "gid", "mtime" -> {
                String value = TarReader.text(data, eq + 1, to);
                if (value.indexOf('\0') >= 0) {
                    throw damaged("has a NUL in its " + key);
                }
                fields.put(key, value);
            }
            default -> {
                // comments, names of owners, other times
            }
        }
    }

    String text(String key, String otherwise) {
        String value = fields.getOrDefault(key, "");
        return value.isEmpty() ? otherwise : value;
    }

    long number(String key, long otherwise) {
        String value = fields.getOrDefault(key, "");
        if (value.isEmpty()) {
            return otherwise;
        }
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw damaged("has `" + value + "` as " + key);
        }
    }

    /// The time in `mtime`, seconds with a fraction of any length, in nanoseconds.
    long modifiedNanos(long otherwise) {
        String value = fields.getOrDefault("mtime", "");
        if (value.isEmpty()) {
            return otherwise;
        }
        int dot = value.indexOf('.');
        String whole = dot < 0 ? value : value.substring(0, dot);
        String fraction = dot < 0 ? "" : value.substring(dot + 1);
        if (!whole.matches("-?[0-9]{1,19}") || !fraction.matches("[0-9]*")) {
            throw damaged("has `" + value + "` as mtime");
        }
        long nanos = Long.parseLong((fraction + "000000000").substring(0, 9));
        try {
            return TarReader.nanos(Long.parseLong(whole), nanos);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    Map<String, byte[]> xattrs() {
        return xattrs;
    }

    private static KelpException damaged(String what) {
        return TarReader.damaged("a pax header", what);
    }
}
