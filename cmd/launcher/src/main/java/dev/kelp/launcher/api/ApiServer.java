// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.api;

import dev.kelp.launcher.port.PortDriver;
import dev.kelp.launcher.port.PortSpec;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;

/// Serves the API on a socket.
public final class ApiServer implements AutoCloseable {
    private final Supplier<LauncherInfo> info;
    private final Optional<PortDriver> ports;
    private final HttpSocket socket;

    private ApiServer(Path path, Supplier<LauncherInfo> info, Optional<PortDriver> ports) {
        this.info = info;
        this.ports = ports;
        socket = HttpSocket.start(path, "api", this::answer);
    }

    /// @param info may wait for what is not known yet
    public static ApiServer start(Path path, Supplier<LauncherInfo> info, Optional<PortDriver> ports) {
        return new ApiServer(path, info, ports);
    }

    private HttpMessage answer(String method, String path, byte[] body) {
        String what = method + " " + path;
        if (what.equals("GET /v1/info")) {
            return json("200 OK", info.get());
        }
        if (what.equals("GET /v1/ports")) {
            return json("200 OK", driver().list());
        }
        if (what.equals("POST /v1/ports")) {
            return json("201 Created", driver().add(spec(body)));
        }
        if (what.startsWith("DELETE /v1/ports/")) {
            String id = path.substring("/v1/ports/".length());
            if (!id.matches("\\d{1,18}")) {
                throw KelpException.invalid("`" + id + "` is not the id of a port");
            }
            driver().remove(Long.parseLong(id));
            return HttpMessage.empty("200 OK");
        }
        boolean known = path.equals("/v1/info") || path.startsWith("/v1/ports");
        return known
                ? HttpMessage.error(405, method + " is not a method of " + path)
                : HttpMessage.error(404, "there is no " + path);
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
        return HttpMessage.answer(status, document);
    }

    private static Object document(Object value) {
        return value instanceof dev.kelp.launcher.port.PortStatus status ? PortDocument.Status.of(status) : value;
    }

    @Override
    public void close() {
        socket.close();
    }

    /// For messages in errors.
    static String text(byte[] body) {
        return new String(body, StandardCharsets.UTF_8).strip();
    }
}
