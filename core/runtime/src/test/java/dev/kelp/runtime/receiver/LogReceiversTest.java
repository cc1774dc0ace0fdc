// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.Fd;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.container.Logging;
import dev.kelp.runtime.ContainerLog.Entry;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// Each driver against a receiver that speaks its protocol; the journal's is one end of a socket pair.
class LogReceiversTest {
    private static final Instant TIME = Instant.parse("2026-03-04T05:06:07.123456789Z");
    private static final String ID = "0123456789ab".repeat(5) + "cdef";
    private static final Origin ORIGIN = new Origin(ID, "web", "app:1", "tag/1", 42, Map.of("my.label", "x"));

    private static Entry line(boolean stderr, String text) {
        return new Entry(TIME, stderr, text.getBytes(StandardCharsets.UTF_8));
    }

    private static Logging logging(String driver, String... options) {
        Map<String, String> all = new HashMap<>();
        for (int i = 0; i < options.length; i += 2) {
            all.put(options[i], options[i + 1]);
        }
        return new Logging(driver, all);
    }

    @Test
    void syslogByUdpIsADatagramForEachLine() throws Exception {
        try (DatagramSocket server = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            Logging logging = logging(
                    "syslog",
                    "syslog-address",
                    "udp://127.0.0.1:" + server.getLocalPort(),
                    "syslog-format",
                    "rfc5424micro",
                    "syslog-facility",
                    "local1");
            try (LogReceiver r = LogReceivers.open(logging, ORIGIN, "host")) {
                r.send(List.of(line(false, "one\n"), line(true, "two")));
            }
            assertThat(datagram(server))
                    .matches("<142>1 2026-\\d\\d-\\d\\dT\\d\\d:\\d\\d:07\\.123456\\S* host tag/1 42 tag/1 - one\n");
            assertThat(datagram(server)).startsWith("<139>1 ").endsWith(" - two\n");
        }
    }

    private static String datagram(DatagramSocket server) throws IOException {
        server.setSoTimeout(5_000);
        DatagramPacket packet = new DatagramPacket(new byte[9_000], 9_000);
        server.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
    }

    @Test
    void syslogByTcpIsAStreamAndItsEndIsNoticed() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Logging logging = logging("syslog", "syslog-address", "tcp://127.0.0.1:" + server.getLocalPort());
            try (LogReceiver r = LogReceivers.open(logging, ORIGIN, "host");
                    Socket accepted = server.accept()) {
                r.send(List.of(line(false, "one\n"), line(false, "two\n")));
                BufferedReader in =
                        new BufferedReader(new InputStreamReader(accepted.getInputStream(), StandardCharsets.UTF_8));
                assertThat(in.readLine()).matches("<30>Mar  [345] \\d\\d:\\d\\d:07 tag/1\\[42\\]: one");
                assertThat(in.readLine()).endsWith("tag/1[42]: two");
                accepted.close();
                assertThatThrownBy(() -> r.send(List.of(line(false, "lost\n")))).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void syslogForms() throws Exception {
        Entry e = line(true, "text\n");
        assertThat(message(SyslogReceiver.Format.LOCAL, false, e)).isEqualTo("<27>Mar  4 05:06:07 tag/1[42]: text\n");
        assertThat(message(SyslogReceiver.Format.RFC3164, false, e))
                .isEqualTo("<27>Mar  4 05:06:07 host tag/1[42]: text\n");
        assertThat(message(SyslogReceiver.Format.RFC5424, true, e))
                .isEqualTo("54 <27>1 2026-03-04T05:06:07Z host tag/1 42 tag/1 - text\n");
    }

    private static String message(SyslogReceiver.Format format, boolean counted, Entry e) throws IOException {
        SyslogReceiver.Style style = new SyslogReceiver.Style(format, 3, counted);
        Wire none = new Wire.OverDatagrams(new DatagramSocket());
        try (SyslogReceiver r = new SyslogReceiver(none, style, ORIGIN, "host")) {
            return new String(r.message(e, ZoneOffset.UTC), StandardCharsets.UTF_8);
        }
    }

    @Test
    void theJournalGetsFieldsAndBinaryValuesWithTheirLength() throws Exception {
        Fd[] pair = UnixSockets.pair(UnixSockets.Type.DGRAM);
        try (Fd server = pair[1];
                JournalReceiver r = new JournalReceiver(new Wire.OverUnix(pair[0], true), ORIGIN)) {
            r.send(List.of(line(false, "a\rb\n"), line(true, "two\nlines\n"), line(false, "piece")));
            Map<String, String> first = fields(server);
            assertThat(first)
                    .containsEntry("MESSAGE", "a\rb")
                    .containsEntry("PRIORITY", "6")
                    .containsEntry("CONTAINER_ID", ID.substring(0, 12))
                    .containsEntry("CONTAINER_ID_FULL", ID)
                    .containsEntry("CONTAINER_NAME", "web")
                    .containsEntry("CONTAINER_TAG", "tag/1")
                    .containsEntry("SYSLOG_IDENTIFIER", "tag/1")
                    .containsEntry("IMAGE_NAME", "app:1")
                    .containsEntry("MY_LABEL", "x")
                    .doesNotContainKey("CONTAINER_PARTIAL_MESSAGE");
            assertThat(fields(server)).containsEntry("MESSAGE", "two\nlines").containsEntry("PRIORITY", "3");
            assertThat(fields(server)).containsEntry("CONTAINER_PARTIAL_MESSAGE", "true");
        }
    }

    /// Reads what systemd's "Native Journal Protocol" describes.
    private static Map<String, String> fields(Fd server) throws Exception {
        byte[] buffer = new byte[64 << 10];
        int length = UnixSockets.receive(server, buffer, 0, buffer.length).bytes();
        Map<String, String> fields = new LinkedHashMap<>();
        int at = 0;
        while (at < length) {
            int end = at;
            while (buffer[end] != '=' && buffer[end] != '\n') {
                end++;
            }
            String name = new String(buffer, at, end - at, StandardCharsets.UTF_8);
            int from = end + 1;
            int to = from;
            if (buffer[end] == '\n') {
                from += 8;
                to = from
                        + (int) ByteBuffer.wrap(buffer, end + 1, 8)
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong();
            } else {
                while (buffer[to] != '\n') {
                    to++;
                }
            }
            assertThat(buffer[to]).isEqualTo((byte) '\n');
            fields.put(name, new String(buffer, from, to - from, StandardCharsets.UTF_8));
            at = to + 1;
        }
        return fields;
    }

    @Test
    void fluentdGetsABatchAndAnswersIt() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Object> seen = CompletableFuture.supplyAsync(() -> {
                try (Socket s = server.accept()) {
                    List<?> message = (List<?>) decode(new DataInputStream(s.getInputStream()));
                    Map<?, ?> option = (Map<?, ?>) message.get(2);
                    ByteArrayOutputStream answer = new ByteArrayOutputStream();
                    answer.writeBytes(new MessagePack()
                            .map(1)
                            .string("ack")
                            .string(option.get("chunk").toString())
                            .toBytes());
                    s.getOutputStream().write(answer.toByteArray());
                    return message;
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            Logging logging = logging(
                    "fluentd",
                    "fluentd-address",
                    "127.0.0.1:" + server.getLocalPort(),
                    "fluentd-request-ack",
                    "true",
                    "fluentd-sub-second-precision",
                    "true");
            String large = "z".repeat(70_000);
            try (LogReceiver r = LogReceivers.open(logging, ORIGIN, "host")) {
                r.send(List.of(line(false, "one\n"), line(true, large)));
            }
            List<?> message = (List<?>) seen.get();
            assertThat(message.get(0)).isEqualTo("tag/1");
            List<?> entries = (List<?>) message.get(1);
            assertThat(entries).hasSize(2);
            assertThat(((List<?>) entries.get(0)).get(0)).isEqualTo(TIME);
            assertThat(((List<?>) entries.get(0)).get(1))
                    .isEqualTo(Map.of(
                            "container_id", ID,
                            "container_name", "/web",
                            "source", "stdout",
                            "log", "one",
                            "my.label", "x"));
            Map<?, ?> second = (Map<?, ?>) ((List<?>) entries.get(1)).get(1);
            assertThat(second.get("log")).isEqualTo(large);
            assertThat(second.get("partial_message")).isEqualTo("true");
            assertThat(((Map<?, ?>) message.get(2)).get("size")).isEqualTo(2L);
        }
    }

    @Test
    void aFluentdThatDoesNotAnswerIsAFailure() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Logging logging = logging(
                    "fluentd",
                    "fluentd-address",
                    "tcp://127.0.0.1:" + server.getLocalPort(),
                    "fluentd-request-ack",
                    "true");
            try (LogReceiver r = LogReceivers.open(logging, ORIGIN, "host");
                    Socket s = server.accept()) {
                s.shutdownOutput();
                assertThatThrownBy(() -> r.send(List.of(line(false, "one\n")))).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void nobodyListens() throws Exception {
        int free;
        try (ServerSocket s = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = s.getLocalPort();
        }
        Logging logging = logging("syslog", "syslog-address", "tcp://127.0.0.1:" + free);
        assertThatThrownBy(() -> LogReceivers.open(logging, ORIGIN, "host")).isInstanceOf(IOException.class);
    }

    /// MessagePack as its specification says, as far as the forward protocol needs it.
    private static Object decode(DataInputStream in) throws IOException {
        int b = in.readUnsignedByte();
        if (b < 0x80) {
            return (long) b;
        } else if (b < 0x90) {
            return map(in, b & 15);
        } else if (b < 0xa0) {
            return array(in, b & 15);
        } else if (b < 0xc0) {
            return text(in, b & 31);
        }
        return switch (b) {
            case 0xd3 -> in.readLong();
            case 0xd7 -> {
                assertThat(in.readByte()).as("EventTime").isZero();
                yield Instant.ofEpochSecond(Integer.toUnsignedLong(in.readInt()), in.readInt());
            }
            case 0xd9 -> text(in, in.readUnsignedByte());
            case 0xda -> text(in, in.readUnsignedShort());
            case 0xdb -> text(in, in.readInt());
            case 0xdc -> array(in, in.readUnsignedShort());
            case 0xde -> map(in, in.readUnsignedShort());
            default -> throw new IOException("not understood: " + b);
        };
    }

    private static String text(DataInputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        return new String(Arrays.copyOf(bytes, length), StandardCharsets.UTF_8);
    }

    private static List<Object> array(DataInputStream in, int length) throws IOException {
        List<Object> list = new ArrayList<>();
        for (int i = 0; i < length; i++) {
            list.add(decode(in));
        }
        return list;
    }

    private static Map<Object, Object> map(DataInputStream in, int length) throws IOException {
        Map<Object, Object> map = new HashMap<>();
        for (int i = 0; i < length; i++) {
            map.put(decode(in), decode(in));
        }
        return map;
    }
}
