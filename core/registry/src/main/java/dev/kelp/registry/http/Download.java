// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Fetches what is at an address that a user typed, which is no registry's.
public final class Download {
    private final Transport transport;
    private final Proxies proxies;
    private final Cancellation cancellation = new Cancellation();

    public Download(Transport transport, Proxies proxies) {
        this.transport = transport;
        this.proxies = proxies;
    }

    /// The body of the answer, to be closed by the caller. Redirects are followed, never from https to http. A
    /// pause of
    /// more than [HttpLimits#stallTimeout] in it is an [IOException].
    ///
    /// @throws KelpException NOT_FOUND for 404, UNAVAILABLE for other failures
    public InputStream open(String url) {
        String what = "download `" + url + "`";
        URI at = address(url, what);
        try {
            for (int hops = 0; hops <= transport.limits().redirectsMax(); hops++) {
                Reply reply = transport.send(
                        Request.of("GET", at, Map.of()),
                        new Transport.Route(Tls.DEFAULT, transport.limits().connectTimeout(), proxies),
                        cancellation);
                if (reply.status() == 200) {
                    return new Body(reply, transport.limits());
                }
                Optional<String> location = reply.header("Location");
                reply.discard(transport.limits());
                if (!reply.isRedirect() || location.isEmpty()) {
                    throw new KelpException(
                            reply.status() == 404 ? ErrorKind.NOT_FOUND : ErrorKind.UNAVAILABLE,
                            what + ": the server answers " + reply.status());
                }
                at = redirected(at, location.get(), what);
            }
        } catch (IOException e) {
            String why = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            throw new KelpException(ErrorKind.UNAVAILABLE, what + ": " + why, e);
        }
        throw new KelpException(
                ErrorKind.UNAVAILABLE,
                what + ": more than " + transport.limits().redirectsMax() + " redirects");
    }

    private static URI address(String url, String what) {
        try {
            URI uri = URI.create(url);
            String scheme = String.valueOf(uri.getScheme());
            if (uri.getHost() != null && (scheme.equalsIgnoreCase("http") || scheme.equalsIgnoreCase("https"))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            throw KelpException.invalid(what + ": that is no address: " + e.getMessage());
        }
        throw KelpException.invalid(what + ": that is no http or https address");
    }

    private static URI redirected(URI from, String location, String what) {
        URI to = address(resolve(from, location, what), what);
        if (Origin.of(to).isPlain() && !Origin.of(from).isPlain()) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE,
                    what + ": the server points from https to plain http at `" + to.getHost() + "`, which is refused");
        }
        return to;
    }

    private static String resolve(URI from, String location, String what) {
        try {
            return from.resolve(location.strip()).toString();
        } catch (IllegalArgumentException e) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE, what + ": the server points to something that is no address", e);
        }
    }

    /// A body as a stream.
    private static final class Body extends InputStream {
        private final Reply reply;
        private final HttpLimits limits;
        private @Nullable ByteBuffer buffer = ByteBuffer.allocate(0);

        Body(Reply reply, HttpLimits limits) {
            this.reply = reply;
            this.limits = limits;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            ByteBuffer b = buffer;
            while (b != null && !b.hasRemaining()) {
                b = reply.body().next(limits.stallTimeout());
            }
            buffer = b;
            if (b == null) {
                reply.body().release();
                return -1;
            }
            int n = Math.min(length, b.remaining());
            b.get(target, offset, n);
            return n;
        }

        @Override
        public void close() {
            reply.close();
        }
    }
}
