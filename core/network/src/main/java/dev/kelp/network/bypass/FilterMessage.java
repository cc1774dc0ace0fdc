// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// What an OCI runtime sends to a seccomp listener (runtime-spec, "The Container Process State"): a JSON object and the
/// filter's descriptor. `exec` of crun leaves the connection open, so the object ends where its braces do.
final class FilterMessage implements AutoCloseable {
    /// The most bytes of the object.
    static final int BYTES_MAX = 64 << 10;

    private final ByteArrayOutputStream text = new ByteArrayOutputStream();
    private final byte[] buffer = new byte[4096];
    private int depth;
    private boolean inString;
    private boolean escaped;
    private boolean complete;
    private @Nullable Fd listener;

    /// A filter.
    ///
    /// @param container what the specification gave as metadata, else the container's id
    /// @param process one with this filter, or the container's first; 0 when the runtime does not say
    record Filter(String container, int process, Fd listener) {}

    /// Takes what has come; the filter when that was the last of it.
    ///
    /// @throws KelpException when it cannot become a filter any more
    Optional<Filter> read(Fd connection) throws ErrnoException {
        UnixSockets.Received got = UnixSockets.receive(connection, buffer, 0, buffer.length);
        for (Fd fd : got.descriptors()) {
            // one is expected, and it is the first
            if (listener == null) {
                listener = fd;
            } else {
                fd.close();
            }
        }
        for (int i = 0; i < got.bytes() && !complete; i++) {
            take(buffer[i]);
        }
        if (!complete) {
            if (got.bytes() == 0 || text.size() > BYTES_MAX) {
                throw new KelpException(ErrorKind.INVALID_ARGUMENT, "a seccomp message without an end");
            }
            return Optional.empty();
        }
        Fd found = listener;
        if (found == null) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, "a seccomp message without a descriptor");
        }
        Filter filter = filter(text.toString(StandardCharsets.UTF_8), found);
        listener = null;
        return Optional.of(filter);
    }

    private void take(byte b) {
        text.write(b);
        if (inString) {
            boolean ends = b == '"' && !escaped;
            escaped = b == '\\' && !escaped;
            inString = !ends;
        } else if (b == '"') {
            inString = true;
        } else if (b == '{') {
            depth++;
        } else if (b == '}') {
            depth--;
            complete = depth <= 0;
        }
    }

    private static Filter filter(String json, Fd listener) {
        JsonNode message;
        try {
            message = OciJson.mapper().readTree(json);
        } catch (JacksonException e) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, "a seccomp message that is not JSON", e);
        }
        String container = message.path("metadata").asString("");
        if (container.isEmpty()) {
            container = message.path("state").path("id").asString("");
        }
        if (container.isEmpty()) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, "a seccomp message that names no container");
        }
        int process = message.path("pid").asInt(0);
        return new Filter(
                container,
                process > 0 ? process : message.path("state").path("pid").asInt(0),
                listener);
    }

    @Override
    public void close() {
        if (listener != null) {
            listener.close();
        }
    }
}
