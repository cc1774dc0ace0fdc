// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/// Sends requests. Lives as long as the daemon; safe for any number of threads.
///
/// [#send] is one request and one answer: no redirect, no retry, no credentials. [#trim] lets connections and threads
/// go while nobody transfers anything.
public final class Transport implements AutoCloseable {
    /// More sets of TLS settings than this in use at once start over with empty pools.
    static final int POOLS_MAX = 64;

    private final Settings settings;
    private final ConcurrentHashMap<PoolKey, HttpClient> pools = new ConcurrentHashMap<>();

    /// What all requests have in common.
    ///
    /// @param userAgent sent with each request: `kelp/VERSION`
    /// @param machineCaPem the distribution's bundle of authorities, trusted besides the JDK's own
    /// @param connecting asked for each request: whose threads open its sockets, which decides about their network;
    ///     empty: anybody's
    public record Settings(
            String userAgent, HttpLimits limits, List<String> machineCaPem, Supplier<Optional<Executor>> connecting) {
        public Settings {
            machineCaPem = List.copyOf(machineCaPem);
        }

        public Settings(String userAgent, HttpLimits limits, List<String> machineCaPem) {
            this(userAgent, limits, machineCaPem, Optional::empty);
        }
    }

    /// How to reach one host.
    public record Route(Tls tls, Duration connectTimeout, Proxies proxies) {}

    private record PoolKey(boolean plain, Route route) {}

    public Transport(Settings settings) {
        this.settings = settings;
    }

    public HttpLimits limits() {
        return settings.limits();
    }

    /// Sends and waits for the headers.
    ///
    /// @throws IOException no connection, no answer in time, or no HTTP
    public Reply send(Request request, Route route, Cancellation cancellation) throws IOException {
        cancellation.check();
        AtomicLong sent = new AtomicLong();
        HttpRequest message = message(request, route, sent);
        Optional<Executor> connecting = settings.connecting().get();
        if (connecting.isPresent()) {
            resolve(route.proxies().connected(request.uri()));
        }
        CompletableFuture<HttpResponse<BodyPipe>> answer =
                pool(request, route, connecting).sendAsync(message, info -> new BodyPipe());
        try (Cancellation.Registration _ = cancellation.onCancel(() -> giveUp(answer))) {
            HttpResponse<BodyPipe> response = await(answer, sent);
            BodyPipe body = response.body();
            body.endOn(cancellation);
            return new Reply(response.statusCode(), response.headers(), request.uri(), body);
        } catch (java.util.concurrent.CancellationException e) {
            cancellation.check();
            throw new InterruptedIOException("the request was given up");
        }
    }

    /// Has the JDK know the address: threads in another network may not reach a name server on the loopback
    /// interface.
    private static void resolve(String host) {
        try {
            InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            // said when it is connected to
        }
    }

    private HttpResponse<BodyPipe> await(CompletableFuture<HttpResponse<BodyPipe>> answer, AtomicLong sent)
            throws IOException {
        long seen = -1;
        while (true) {
            // while a body goes out, each interval must have moved some of it; afterwards one interval is allowed
            long now = sent.get();
            if (now == seen) {
                giveUp(answer);
                throw new HttpTimeoutException(
                        "no answer for " + limits().responseTimeout().toMillis() + " ms");
            }
            try {
                return answer.get(limits().responseTimeout().toNanos(), TimeUnit.NANOSECONDS);
            } catch (TimeoutException e) {
                seen = now;
            } catch (InterruptedException e) {
                giveUp(answer);
                Thread.currentThread().interrupt();
                throw Cancellation.interrupted();
            } catch (ExecutionException e) {
                throw unwrap(e);
            }
        }
    }

    /// Ends an exchange whose answer nobody will take, also when that answer has just arrived.
    private static void giveUp(CompletableFuture<HttpResponse<BodyPipe>> answer) {
        if (!answer.cancel(true) && answer.state() == Future.State.SUCCESS) {
            answer.resultNow().body().close();
        }
    }

    private static IOException unwrap(ExecutionException e) {
        Throwable cause = e.getCause();
        if (cause instanceof KelpException k) {
            throw k;
        }
        return cause instanceof IOException io ? io : new IOException(String.valueOf(cause), cause);
    }

    private HttpRequest message(Request request, Route route, AtomicLong sent) {
        try {
            return build(request, route, sent);
        } catch (IllegalArgumentException e) {
            // no cause and no text of it: it quotes header values, which may be secrets
            throw KelpException.invalid("the address or a header of a request to `"
                    + request.uri().getHost() + "` has characters that HTTP does not allow");
        }
    }

    private HttpRequest build(Request request, Route route, AtomicLong sent) {
        HttpRequest.Builder builder =
                HttpRequest.newBuilder(request.uri()).method(request.method(), publisher(request, sent));
        builder.setHeader("User-Agent", settings.userAgent());
        request.headers().forEach((name, values) -> values.forEach(v -> builder.header(name, v)));
        route.proxies().authorization(request.uri()).ifPresent(v -> builder.setHeader("Proxy-Authorization", v));
        return builder.build();
    }

    private static BodyPublisher publisher(Request request, AtomicLong sent) {
        Request.Body body = request.body();
        if (body == null || body.sizeBytes() == 0) {
            return BodyPublishers.noBody();
        }
        return BodyPublishers.fromPublisher(
                BodyPublishers.ofInputStream(() -> new CountingInputStream(body.open(), sent)), body.sizeBytes());
    }

    private HttpClient pool(Request request, Route route, Optional<Executor> connecting) {
        boolean plain = "http".equalsIgnoreCase(request.uri().getScheme());
        PoolKey key =
                new PoolKey(plain, plain ? new Route(Tls.DEFAULT, route.connectTimeout(), route.proxies()) : route);
        if (pools.size() >= POOLS_MAX && !pools.containsKey(key)) {
            trim();
        }
        return pools.computeIfAbsent(key, k -> newClient(k, connecting));
    }

    private HttpClient newClient(PoolKey key, Optional<Executor> connecting) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(key.route().connectTimeout())
                .proxy(key.route().proxies().selector());
        if (!key.plain()) { // reading the JDK's authorities costs time and memory that plain http need not pay
            builder.sslContext(SslContexts.of(key.route().tls(), settings.machineCaPem()));
        }
        connecting.ifPresent(builder::executor);
        return builder.build();
    }

    /// Lets all idle connections and threads go; transfers under way finish first, later ones open new connections.
    public void trim() {
        for (PoolKey key : pools.keySet()) {
            HttpClient client = pools.remove(key);
            if (client != null) {
                client.shutdown();
            }
        }
    }

    @Override
    public void close() {
        trim();
    }
}
