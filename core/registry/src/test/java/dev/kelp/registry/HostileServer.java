// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/// A server that does to its client whatever a test tells it, and remembers what it was asked.
final class HostileServer implements AutoCloseable {
    record Seen(String method, String uri, Map<String, List<String>> headers) {
        @Nullable
        String header(String name) {
            return headers.entrySet().stream()
                    .filter(e -> e.getKey().equalsIgnoreCase(name))
                    .map(e -> e.getValue().getFirst())
                    .findFirst()
                    .orElse(null);
        }
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, HttpHandler> handlers = new ConcurrentHashMap<>();
    private final CountDownLatch closing = new CountDownLatch(1);
    final List<Seen> seen = new CopyOnWriteArrayList<>();

    HostileServer() {
        this(null, false);
    }

    HostileServer(SSLContext tls) {
        this(tls, false);
    }

    HostileServer(@Nullable SSLContext tls, boolean wantsCertificate) {
        try {
            InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
            if (tls == null) {
                server = HttpServer.create(any, 0);
            } else {
                HttpsServer https = HttpsServer.create(any, 0);
                https.setHttpsConfigurator(new HttpsConfigurator(tls) {
                    @Override
                    public void configure(HttpsParameters parameters) {
                        SSLParameters p = tls.getDefaultSSLParameters();
                        p.setNeedClientAuth(wantsCertificate);
                        parameters.setSSLParameters(p);
                    }
                });
                server = https;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(threads);
        server.createContext("/", this::dispatch);
        server.start();
    }

    String host() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    HostileServer on(String path, HttpHandler handler) {
        handlers.put(path, handler);
        return this;
    }

    private void dispatch(HttpExchange x) throws IOException {
        seen.add(new Seen(x.getRequestMethod(), x.getRequestURI().toString(), Map.copyOf(x.getRequestHeaders())));
        HttpHandler handler = handlers.get(x.getRequestURI().getPath());
        try {
            if (handler != null) {
                handler.handle(x);
            } else if (x.getRequestURI().getPath().equals("/v2/")) {
                answer(x, 200, "text/plain", new byte[0]);
            } else {
                answer(
                        x,
                        404,
                        "application/json",
                        "{\"errors\":[{\"code\":\"UNKNOWN\",\"message\":\"no\\u001b[31m such\"}]}".getBytes());
            }
        } finally {
            x.close();
        }
    }

    List<Seen> seen(String path) {
        return seen.stream().filter(s -> s.uri().split("\\?")[0].equals(path)).toList();
    }

    /// Keeps a request waiting until the server closes.
    void hang() {
        try {
            closing.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static void answer(HttpExchange x, int status, String type, byte[] body) throws IOException {
        if (!type.isEmpty()) {
            x.getResponseHeaders().set("Content-Type", type);
        }
        boolean none = body.length == 0 || x.getRequestMethod().equals("HEAD");
        x.sendResponseHeaders(status, none ? -1 : body.length);
        if (!none) {
            x.getResponseBody().write(body);
        }
    }

    static void redirect(HttpExchange x, String location) throws IOException {
        x.getResponseHeaders().set("Location", location);
        x.sendResponseHeaders(307, -1);
    }

    /// Serves an image's manifest under `/v2/NAME/manifests/TAG` and its digest.
    HostileServer manifest(String name, String tag, Document d) {
        HttpHandler h = x -> answer(x, 200, d.descriptor().mediaType(), d.bytes());
        return on("/v2/" + name + "/manifests/" + tag, h)
                .on("/v2/" + name + "/manifests/" + d.descriptor().digest(), h);
    }

    /// Where a `Range` request starts, 0 without.
    static int start(HttpExchange x) {
        String range = x.getRequestHeaders().getFirst("Range");
        return range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=([0-9]+)-", "$1"));
    }

    /// Sends `count` bytes of what was asked for, after headers that promise all.
    static void partial(HttpExchange x, byte[] all, int count, boolean ranges) throws IOException {
        int start = ranges ? start(x) : 0;
        if (start > 0) {
            x.getResponseHeaders().set("Content-Range", "bytes " + start + "-" + (all.length - 1) + "/" + all.length);
        }
        x.sendResponseHeaders(start > 0 ? 206 : 200, all.length - start);
        x.getResponseBody().write(all, start, Math.min(count, all.length - start));
        x.getResponseBody().flush();
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
