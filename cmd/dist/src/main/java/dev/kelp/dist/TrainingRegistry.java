// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.GZIPOutputStream;

/// A registry with one small image, on loopback (the distribution specification's part that a pull needs), so that the
/// daemon is trained to pull as well.
final class TrainingRegistry implements AutoCloseable {
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";
    private static final String OCI = "application/vnd.oci.image.";

    private record Document(String type, String digest, byte[] bytes) {}

    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Document> documents = new HashMap<>();

    private TrainingRegistry(HttpServer server) {
        this.server = server;
    }

    static TrainingRegistry start() throws IOException {
        TrainingRegistry made =
                new TrainingRegistry(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
        byte[] layer = TinyImage.layerOfManyFiles();
        Document config =
                made.blob(OCI + "config.v1+json", TinyImage.config(layer).getBytes(StandardCharsets.UTF_8));
        Document packed = made.blob(OCI + "layer.v1.tar+gzip", gzip(layer));
        byte[] manifest = ("{\"schemaVersion\":2,\"mediaType\":\"" + MANIFEST + "\",\"config\":" + descriptor(config)
                        + ",\"layers\":[" + descriptor(packed) + "]}")
                .getBytes(StandardCharsets.UTF_8);
        Document index = new Document(MANIFEST, TinyImage.digest(manifest), manifest);
        made.documents.put("/v2/training/manifests/1", index);
        made.documents.put("/v2/training/manifests/" + index.digest(), index);
        made.server.createContext("/v2/", made::answer);
        made.server.setExecutor(made.threads);
        made.server.start();
        return made;
    }

    /// The reference of its image.
    String image() {
        return "127.0.0.1:" + server.getAddress().getPort() + "/training:1";
    }

    private Document blob(String type, byte[] bytes) {
        Document made = new Document(type, TinyImage.digest(bytes), bytes);
        documents.put("/v2/training/blobs/" + made.digest(), made);
        return made;
    }

    private static String descriptor(Document d) {
        return "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%d}".formatted(d.type(), d.digest(), d.bytes().length);
    }

    private static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            Document d = documents.get(path);
            if (d == null) {
                exchange.sendResponseHeaders(path.equals("/v2/") ? 200 : 404, -1);
                return;
            }
            exchange.getResponseHeaders().set("Content-Type", d.type());
            exchange.getResponseHeaders().set("Docker-Content-Digest", d.digest());
            if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.getResponseHeaders().set("Content-Length", Integer.toString(d.bytes().length));
                exchange.sendResponseHeaders(200, -1);
            } else {
                exchange.sendResponseHeaders(200, d.bytes().length);
                exchange.getResponseBody().write(d.bytes());
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
