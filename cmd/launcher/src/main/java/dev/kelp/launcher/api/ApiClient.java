// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.api;

import dev.kelp.launcher.port.PortSpec;
import dev.kelp.launcher.port.PortStatus;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Asks an API socket.
public final class ApiClient {
    private final Path socket;

    public ApiClient(Path socket) {
        this.socket = socket;
    }

    public LauncherInfo info() {
        return OciJson.read(ask("GET /v1/info", new byte[0]), LauncherInfo.class, "the answer of " + socket);
    }

    public List<PortStatus> ports() {
        JsonNode all = OciJson.tree(ask("GET /v1/ports", new byte[0]), "the answer of " + socket);
        return all.valueStream().map(this::status).toList();
    }

    public PortStatus add(PortSpec spec) {
        byte[] answer = ask("POST /v1/ports", OciJson.write(PortDocument.of(spec)));
        return status(OciJson.tree(answer, "the answer of " + socket));
    }

    public void remove(long id) {
        ask("DELETE /v1/ports/" + id, new byte[0]);
    }

    /// As the API writes it, on one line.
    public static String json(PortStatus status) {
        return new String(OciJson.write(PortDocument.Status.of(status)), java.nio.charset.StandardCharsets.UTF_8);
    }

    private PortStatus status(JsonNode node) {
        try {
            return OciJson.mapper().treeToValue(node, PortDocument.Status.class).status();
        } catch (JacksonException e) {
            throw new KelpException(ErrorKind.DATA_LOSS, "the answer of " + socket + " is no port", e);
        }
    }

    private byte[] ask(String what, byte[] body) {
        HttpMessage answer;
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            new HttpMessage(what + " HTTP/1.1", body).write(channel);
            answer = HttpMessage.read(Channels.newInputStream(channel), HttpMessage.ANSWER_BYTES_MAX);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "ask " + socket + ": " + e.getMessage(), e);
        }
        String[] status = answer.startLine().split(" ", 3);
        if (status.length < 2 || !status[1].startsWith("2")) {
            throw KelpException.invalid(message(answer));
        }
        return answer.body();
    }

    private static String message(HttpMessage answer) {
        try {
            String said =
                    OciJson.tree(answer.body(), "the answer").path("message").asString("");
            if (!said.isEmpty()) {
                return said;
            }
        } catch (KelpException e) {
            // not one of this API's errors
        }
        return "unexpected answer " + answer.startLine() + ": " + ApiServer.text(answer.body());
    }
}
