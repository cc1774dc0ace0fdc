// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.runtime.ContainerLog.Entry;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// fluentd or fluent-bit, by the forward protocol's forward mode: a tag, entries of time and record, and how many there
/// are. With acknowledgement a batch has a name, which the other side answers when it has kept it.
final class FluentdReceiver implements LogReceiver {
    private final Wire wire;
    private final Settings settings;
    private final Origin origin;

    /// @param precise times have nanoseconds
    /// @param acknowledged wait for an answer
    record Settings(boolean precise, boolean acknowledged) {}

    FluentdReceiver(Wire wire, Settings settings, Origin origin) {
        this.wire = wire;
        this.settings = settings;
        this.origin = origin;
    }

    @Override
    public void send(List<Entry> entries) throws IOException {
        String chunk = Base64.getEncoder()
                .encodeToString(UUID.randomUUID().toString().substring(0, 18).getBytes(StandardCharsets.US_ASCII));
        wire.write(message(entries, chunk));
        if (settings.acknowledged()) {
            awaitAnswer(chunk);
        }
    }

    byte[] message(List<Entry> entries, String chunk) {
        MessagePack out = new MessagePack().array(3).string(origin.tag()).array(entries.size());
        for (Entry e : entries) {
            Map<String, String> record = new HashMap<>(origin.extra());
            record.put("container_id", origin.id());
            record.put("container_name", "/" + origin.name());
            record.put("source", e.stderr() ? "stderr" : "stdout");
            if (!Lines.isWhole(e)) {
                record.put("partial_message", "true");
            }
            record.remove("log");
            out.array(2).time(e.time(), settings.precise()).map(record.size() + 1);
            record.forEach((k, v) -> out.string(k).string(v));
            out.string("log").string(Lines.text(e));
        }
        out.map(settings.acknowledged() ? 2 : 1).string("size").number(entries.size());
        if (settings.acknowledged()) {
            out.string("chunk").string(chunk);
        }
        return out.toBytes();
    }

    private void awaitAnswer(String chunk) throws IOException {
        byte[] expected = new MessagePack().map(1).string("ack").string(chunk).toBytes();
        InputStream in = wire.in();
        byte[] answer = in.readNBytes(expected.length);
        if (answer.length < expected.length) {
            throw new EOFException("the connection ended before the answer");
        }
        if (!Arrays.equals(answer, expected)) {
            throw new IOException("the answer names another batch");
        }
    }

    @Override
    public void close() throws IOException {
        wire.close();
    }
}
