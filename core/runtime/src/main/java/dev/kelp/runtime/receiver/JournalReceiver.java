// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.runtime.ContainerLog.Entry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// systemd's journal, by its native protocol: a datagram per entry, a line per field, values with newlines or binary
/// data preceded by their length. Fields are Docker's.
final class JournalReceiver implements LogReceiver {
    static final String SOCKET = "/run/systemd/journal/socket";

    private final Wire wire;
    private final Origin origin;

    JournalReceiver(Wire wire, Origin origin) {
        this.wire = wire;
        this.origin = origin;
    }

    @Override
    public void send(List<Entry> entries) throws IOException {
        for (Entry e : entries) {
            wire.write(datagram(e));
        }
    }

    byte[] datagram(Entry e) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        text(out, "PRIORITY", e.stderr() ? "3" : "6");
        text(out, "CONTAINER_ID", origin.shortId());
        text(out, "CONTAINER_ID_FULL", origin.id());
        text(out, "CONTAINER_NAME", origin.name());
        text(out, "CONTAINER_TAG", origin.tag());
        text(out, "IMAGE_NAME", origin.image());
        text(out, "SYSLOG_IDENTIFIER", origin.tag());
        text(out, "SYSLOG_TIMESTAMP", e.time().toString());
        for (Map.Entry<String, String> x : origin.extra().entrySet()) {
            text(out, field(x.getKey()), x.getValue());
        }
        if (!Lines.isWhole(e)) {
            text(out, "CONTAINER_PARTIAL_MESSAGE", "true");
        }
        value(out, "MESSAGE", Lines.text(e));
        return out.toByteArray();
    }

    /// Field names are of capitals, digits and underscores and begin with a capital.
    private static String field(String name) {
        String made =
                name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9_]", "_").replaceFirst("^[_0-9]+", "");
        return made.isEmpty() ? "EXTRA" : made;
    }

    private static void text(ByteArrayOutputStream out, String name, String value) throws IOException {
        value(out, name, value.getBytes(StandardCharsets.UTF_8));
    }

    private static void value(ByteArrayOutputStream out, String name, byte[] value) throws IOException {
        out.write(name.getBytes(StandardCharsets.US_ASCII));
        if (isPlain(value)) {
            out.write('=');
        } else {
            out.write('\n');
            // little-endian, of 8 bytes
            for (int shift = 0; shift < Long.SIZE; shift += 8) {
                out.write((int) ((long) value.length >> shift));
            }
        }
        out.write(value);
        out.write('\n');
    }

    private static boolean isPlain(byte[] value) {
        for (byte b : value) {
            if (b == '\n') {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        wire.close();
    }
}
