// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/// Asks a running gvproxy for forwarded ports, by HTTP at the socket it was started with
/// ([OutboundDriver.Special#control]). What it forwards ends with its process.
public final class GvisorTapVsockControl {
    private static final int ANSWER_BYTES_MAX = 64 << 10;
    private static final String DONE = "HTTP/1.0 200 ";

    private final ControlSocket socket;
    private final GivenUp<Port> givenUp = new GivenUp<>(p -> unexpose(p.protocol(), p.host()));

    /// Of the host.
    private record Port(String protocol, String host) {}

    public GvisorTapVsockControl(Path socket) {
        this(socket, ControlSocket.LIMIT_DEFAULT);
    }

    /// @param limit for one answer
    GvisorTapVsockControl(Path socket, Duration limit) {
        this.socket = new ControlSocket(socket, ANSWER_BYTES_MAX, limit);
    }

    /// Opens a port of the host.
    ///
    /// @param protocol `tcp` or `udp`
    /// @param host address and port, `[::1]:80`
    /// @param guest the same inside
    /// @throws KelpException ALREADY_EXISTS when the port is taken, UNAVAILABLE without an answer, else with the
    ///     program's own words
    public void expose(String protocol, String host, String guest) {
        Map<String, Object> wish = new LinkedHashMap<>();
        wish.put("local", host);
        wish.put("remote", guest);
        wish.put("protocol", protocol);
        boolean _ = givenUp.ask(new Port(protocol, host), () -> {
            ask("expose", wish);
            return true;
        });
    }

    /// @return false when gvproxy does not forward it
    /// @throws KelpException UNAVAILABLE without an answer
    public boolean unexpose(String protocol, String host) {
        try {
            ask("unexpose", Map.of("local", host, "protocol", protocol));
            return true;
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.NOT_FOUND) {
                throw e;
            }
            return false;
        }
    }

    private void ask(String what, Map<String, Object> wish) {
        byte[] body = OciJson.write(wish);
        ByteArrayOutputStream question = new ByteArrayOutputStream();
        // the older protocol: an answer ends with its connection
        String head = "POST /services/forwarder/" + what + " HTTP/1.0\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.length + "\r\n\r\n";
        question.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        question.writeBytes(body);
        String answer;
        try {
            answer = new String(socket.ask(question.toByteArray(), false), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE, "ask gvproxy on " + socket.socket() + ": " + e.getMessage(), e);
        }
        if (!answer.startsWith(DONE)) {
            int end = answer.indexOf("\r\n\r\n");
            String words = end < 0 ? answer.strip() : answer.substring(end).strip();
            throw new KelpException(kind(words), "ask gvproxy to " + what + " " + wish.get("local") + ": " + words);
        }
    }

    private static ErrorKind kind(String words) {
        if (words.contains("in use") || words.contains("already running")) {
            return ErrorKind.ALREADY_EXISTS;
        }
        return words.contains("proxy not found") ? ErrorKind.NOT_FOUND : ErrorKind.INVALID_ARGUMENT;
    }
}
