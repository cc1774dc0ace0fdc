// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Asks a running slirp4netns for forwarded ports, by the socket it was started with
/// ([OutboundDriver.Special#control]; slirp4netns(1), API SOCKET). What it forwards ends with its process.
public final class Slirp4netnsControl {
    private static final int ANSWER_BYTES_MAX = 1 << 20;

    private final ControlSocket socket;
    private final GivenUp<Forward> givenUp = new GivenUp<>(this::removeAll);

    public Slirp4netnsControl(Path socket) {
        this(socket, ControlSocket.LIMIT_DEFAULT);
    }

    /// @param limit for one answer
    Slirp4netnsControl(Path socket, Duration limit) {
        this.socket = new ControlSocket(socket, ANSWER_BYTES_MAX, limit);
    }

    /// A forwarded port.
    ///
    /// @param protocol `tcp` or `udp`
    /// @param host an IPv4 address; `0.0.0.0` for all
    /// @param guest the IPv4 address it leads to
    public record Forward(String protocol, String host, int hostPort, String guest, int guestPort) {
        private boolean hasSameHostPort(JsonNode entry) {
            return entry.path("proto").asString("").equals(protocol)
                    && entry.path("host_addr").asString("").equals(host)
                    && entry.path("host_port").asInt(-1) == hostPort;
        }
    }

    /// @return its number
    /// @throws KelpException ALREADY_EXISTS when the port is taken, UNAVAILABLE without an answer, else with the
    ///     program's own words
    public long add(Forward wanted) {
        return givenUp.ask(wanted, () -> request(wanted));
    }

    private long request(Forward wanted) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("proto", wanted.protocol());
        arguments.put("host_addr", wanted.host());
        arguments.put("host_port", wanted.hostPort());
        arguments.put("guest_addr", wanted.guest());
        arguments.put("guest_port", wanted.guestPort());
        return ask("add_hostfwd", arguments).path("return").path("id").asLong();
    }

    public void remove(long id) {
        ask("remove_hostfwd", Map.of("id", id));
    }

    /// Closes the host's port, whatever it leads to.
    ///
    /// @return false when it was not forwarded
    public boolean removeAll(Forward wanted) {
        List<Long> found = find(wanted);
        found.forEach(this::remove);
        return !found.isEmpty();
    }

    /// The numbers of all that have the same port of the host.
    public List<Long> find(Forward wanted) {
        List<Long> found = new ArrayList<>();
        JsonNode answer = ask("list_hostfwd", Map.of());
        // not wrapped as other answers are; the manual page shows it wrapped
        JsonNode entries = answer.has("entries")
                ? answer.path("entries")
                : answer.path("return").path("entries");
        for (JsonNode entry : entries) {
            if (wanted.hasSameHostPort(entry)) {
                found.add(entry.path("id").asLong());
            }
        }
        return found;
    }

    private JsonNode ask(String what, Map<String, Object> arguments) {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("execute", what);
        request.put("arguments", arguments);
        JsonNode answer;
        try {
            answer = OciJson.tree(socket.ask(OciJson.write(request), true), "the answer of slirp4netns");
        } catch (IOException e) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE, "ask slirp4netns on " + socket.socket() + ": " + e.getMessage(), e);
        }
        JsonNode error = answer.path("error");
        if (!error.isMissingNode()) {
            String words = error.path("desc").asString("");
            throw new KelpException(
                    words.contains("already") ? ErrorKind.ALREADY_EXISTS : ErrorKind.INVALID_ARGUMENT,
                    "ask slirp4netns for " + what + ": " + (words.isEmpty() ? error.toString() : words));
        }
        return answer;
    }
}
