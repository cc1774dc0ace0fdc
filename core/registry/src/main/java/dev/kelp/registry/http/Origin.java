// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import java.net.URI;
import java.util.Locale;

/// Scheme, host and port (RFC 6454): what decides whether credentials may go along.
public record Origin(String scheme, String host, int port) {
    public static Origin of(URI uri) {
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        int port = uri.getPort() >= 0 ? uri.getPort() : scheme.equals("http") ? 80 : 443;
        return new Origin(scheme, String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT), port);
    }

    public boolean isPlain() {
        return scheme.equals("http");
    }
}
