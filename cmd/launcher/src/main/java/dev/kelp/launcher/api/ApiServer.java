// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.api;

import dev.kelp.launcher.port.PortDriver;
import dev.kelp.launcher.port.PortSpec;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// Serves the API on a socket. Each connection has a virtual thread and one request.
public final class ApiServer implements AutoCloseable {
    private final ServerSocketChannel socket;
    private final Supplier<LauncherInfo> info;
    private final Optional<PortDriver> ports;

    private ApiServer(ServerSocketChannel socket, Supplier<LauncherInfo> info, Optional<PortDriver> ports) {
        this.socket = socket;
        this.info = info;
        this.ports = ports;
    }

    /// @param info may wait for what is not known yet
    public static ApiServer start(Path path, Supplier<LauncherInfo> info, Optional<PortDriver> ports) {
        try {
            ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            socket.bind(UnixDomainSocketAddress.of(path));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            ApiServer server = new ApiServer(socket, info, ports);
            Thread.ofPlatform().name("api").daemon(true).start(server::accept);
            return server;
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "listen on " + path + ": " + e.getMessage(), e)
                    .withHint("the path of a socket has at most 107 bytes: choose a shorter --state-dir");
        }
    }

    private void accept() {
        while (true) {
            SocketChannel client;
            try {
                client = socket.accept();
            } catch (IOException e) {
                return;
            }
            Thread.ofVirtual().start(() -> serve(client));
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
            HttpMessage answer;
            try {
                answer = answer(HttpMessage.read(Channels.newInputStream(client), HttpMessage.REQUEST_BYTES_MAX));
            } catch (KelpException | IOException e) {
                answer = error(400, String.valueOf(e.getMessage()));
            }
            answer.write(client);
        } catch (IOException e) {
            // the client went away
        }
    }

    private HttpMessage answer(HttpMessage request) {
        String[] line = request.startLine().split(" ");
        if (line.length != 3) {
            return error(400, "not a request: " + request.startLine());
        }
        String path = line[1].contains("?") ? line[1].substring(0, line[1].indexOf('?')) : line[1];
        String what = line[0] + " " + path;
        if (what.equals("GET /v1/info")) {
            return json("200 OK", info.get());
        }
        if (what.equals("GET /v1/ports")) {
            return json("200 OK", driver().list());
        }
        if (what.equals("POST /v1/ports")) {
            return json("201 Created", driver().add(spec(request.body())));
        }
        if (what.startsWith("DELETE /v1/ports/")) {
            String id = path.substring("/v1/ports/".length());
            if (!id.matches("\\d{1,18}")) {
                throw KelpException.invalid("`" + id + "` is not the id of a port");
            }
            driver().remove(Long.parseLong(id));
            return new HttpMessage("HTTP/1.1 200 OK", new byte[0]);
        }
        boolean known = path.equals("/v1/info") || path.startsWith("/v1/ports");
        return known ? error(405, line[0] + " is not a method of " + path) : error(404, "there is no " + path);
    }

    private PortDriver driver() {
        return ports.orElseThrow(() -> new KelpException(
                ErrorKind.FAILED_PRECONDITION, "no port driver is there: rootlesskit was started without one"));
    }

    private static PortSpec spec(byte[] body) {
        PortDocument document = OciJson.read(body, PortDocument.class, "the request");
        return document.spec();
    }

    private static HttpMessage json(String status, Object value) {
        Object document = value instanceof java.util.List<?> all
                ? all.stream().map(ApiServer::document).toList()
                : document(value);
        return new HttpMessage("HTTP/1.1 " + status, OciJson.write(document));
    }

    private static Object document(Object value) {
        return value instanceof dev.kelp.launcher.port.PortStatus status ? PortDocument.Status.of(status) : value;
    }

    private static HttpMessage error(int status, String message) {
        String reason = switch (status) {
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            default -> "Bad Request";
        };
        return new HttpMessage("HTTP/1.1 " + status + " " + reason, OciJson.write(Map.of("message", message)));
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException("close the API socket", e);
        }
    }

    /// For messages in errors.
    static String text(byte[] body) {
        return new String(body, StandardCharsets.UTF_8).strip();
    }
}
