// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import dev.kelp.model.KelpException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/// One answer: status and headers are there, the body comes when it is read. To be closed.
public record Reply(int status, HttpHeaders headers, URI uri, BodyPipe body) implements AutoCloseable {
    private static final int DRAIN_BYTES_MAX = 64 << 10;

    public Optional<String> header(String name) {
        return headers.firstValue(name);
    }

    public List<String> headerValues(String name) {
        return headers.allValues(name);
    }

    /// The media type without parameters, lower case.
    public Optional<String> contentType() {
        return header("Content-Type")
                .map(t -> t.split(";", 2)[0].strip().toLowerCase(Locale.ROOT))
                .filter(t -> !t.isEmpty());
    }

    public OptionalLong contentLength() {
        try {
            return headers.firstValueAsLong("Content-Length");
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    public boolean isRedirect() {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    /// Reads a short body to its end so that the connection can be used again, then closes.
    public void discard(HttpLimits limits) {
        try (this) {
            body.readUpTo(DRAIN_BYTES_MAX, limits.stallTimeout());
        } catch (IOException | KelpException e) {
            System.getLogger(Reply.class.getName())
                    .log(System.Logger.Level.DEBUG, "body of {0} not read to its end: {1}", uri, e.getMessage());
        }
    }

    @Override
    public void close() {
        body.close();
    }
}
