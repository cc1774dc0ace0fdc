// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import java.io.InputStream;
import java.net.URI;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One request as it goes out. Header names are unique but for case; a body can be opened again for another try.
public record Request(
        String method,
        URI uri,
        Map<String, List<String>> headers,
        @Nullable Body body) {
    public Request {
        headers = Map.copyOf(headers);
    }

    public static Request of(String method, URI uri, Map<String, List<String>> headers) {
        return new Request(method, uri, headers, null);
    }

    public boolean isRead() {
        return method.equals("GET") || method.equals("HEAD");
    }

    /// What a request carries: exactly `sizeBytes` bytes, from the start each time it is opened.
    public interface Body {
        long sizeBytes();

        InputStream open();

        static Body of(byte[] bytes) {
            return new Body() {
                @Override
                public long sizeBytes() {
                    return bytes.length;
                }

                @Override
                public InputStream open() {
                    return new java.io.ByteArrayInputStream(bytes);
                }
            };
        }
    }
}
