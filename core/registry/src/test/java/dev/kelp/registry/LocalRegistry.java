// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A real registry on a free loopback port: the distribution's `docker-registry`, started for one test class.
final class LocalRegistry implements AutoCloseable {
    static final String USER = "alice";
    static final String PASSWORD = "s3cret-pass";
    /// bcrypt of [#PASSWORD], which is all that the registry's htpasswd reader takes.
    private static final String HASH = "$2b$04$oW4WY6jMebgWsj60sLvWi.rmapp/UefiYkaqZefOeCGnzcm6xzJSG";

    private final Process process;
    private final int port;

    private LocalRegistry(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    static LocalRegistry open(Path folder, boolean withPassword) throws Exception {
        Files.createDirectories(folder.resolve("data"));
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        String auth = "";
        if (withPassword) {
            Path htpasswd = Files.writeString(folder.resolve("htpasswd"), USER + ":" + HASH + "\n");
            auth = "auth:\n  htpasswd:\n    realm: test\n    path: " + htpasswd + "\n";
        }
        Path config =
                Files.writeString(folder.resolve("config.yml"), """
                version: 0.1
                log: {level: error, accesslog: {disabled: true}}
                storage:
                  delete: {enabled: true}
                  filesystem: {rootdirectory: %s}
                http: {addr: "127.0.0.1:%d", secret: not-a-secret}
                %s""".formatted(folder.resolve("data"), port, auth));
        Process process = new ProcessBuilder("/usr/bin/docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        LocalRegistry registry = new LocalRegistry(process, port);
        registry.await(folder);
        return registry;
    }

    private void await(Path folder) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (System.nanoTime() < end && process.isAlive()) {
            try {
                HttpURLConnection c = (HttpURLConnection)
                        URI.create("http://" + host() + "/v2/").toURL().openConnection();
                c.getResponseCode();
                return;
            } catch (IOException e) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
            }
        }
        close();
        throw new IOException("docker-registry did not start: " + Files.readString(folder.resolve("log")));
    }

    String host() {
        return "127.0.0.1:" + port;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
