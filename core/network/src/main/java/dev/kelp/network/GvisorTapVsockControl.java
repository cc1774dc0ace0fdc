// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// Asks a running gvproxy for forwarded ports, by HTTP at the socket it was started with
/// ([OutboundDriver.Special#control]). What it forwards ends with its process.
public final class GvisorTapVsockControl {
    private static final int ANSWER_BYTES_MAX = 64 << 10;
    private static final String DONE = "HTTP/1.0 200 ";

    private final Path socket;

    public GvisorTapVsockControl(Path socket) {
        this.socket = socket;
    }

    /// Opens a port of the host.
    ///
    /// @param protocol `tcp` or `udp`
    /// @param host address and port, `[::1]:80`
    /// @param guest the same inside
    /// @throws KelpException ALREADY_EXISTS when the port is taken, else with gvproxy's own words
    public void expose(String protocol, String host, String guest) {
        Map<String, Object> wish = new LinkedHashMap<>();
        wish.put("local", host);
        wish.put("remote", guest);
        wish.put("protocol", protocol);
        ask("expose", wish);
    }

    public void unexpose(String protocol, String host) {
        ask("unexpose", Map.of("local", host, "protocol", protocol));
    }

    private void ask(String what, Map<String, Object> wish) {
        byte[] body = OciJson.write(wish);
        // the older protocol: an answer ends with its connection
        String head = "POST /services/forwarder/" + what + " HTTP/1.0\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.length + "\r\n\r\n";
        String answer;
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            write(channel, head.getBytes(StandardCharsets.US_ASCII));
            write(channel, body);
            answer = readAll(channel);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "ask gvproxy on " + socket + ": " + e.getMessage(), e);
        }
        if (!answer.startsWith(DONE)) {
            int end = answer.indexOf("\r\n\r\n");
            String words = end < 0 ? answer.strip() : answer.substring(end).strip();
            throw new KelpException(
                    words.contains("in use") || words.contains("already running")
                            ? ErrorKind.ALREADY_EXISTS
                            : ErrorKind.INVALID_ARGUMENT,
                    "ask gvproxy to " + what + " " + wish.get("local") + ": " + words);
        }
    }

    private static void write(SocketChannel channel, byte[] bytes) throws IOException {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        while (out.hasRemaining()) {
            channel.write(out);
        }
    }

    private static String readAll(SocketChannel channel) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer part = ByteBuffer.allocate(4096);
        while (all.size() < ANSWER_BYTES_MAX && channel.read(part) >= 0) {
            all.write(part.array(), 0, part.position());
            part.clear();
        }
        return all.toString(StandardCharsets.UTF_8);
    }
}
