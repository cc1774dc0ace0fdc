// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Debian's docker-registry on a free port of the loopback interface, plain http, its files in a temporary folder.
public final class LocalRegistry implements AutoCloseable {
    private static final Duration START_LIMIT = Duration.ofSeconds(15);

    /// For [#withPassword]: the password is `secret`, as bcrypt wants it in an htpasswd file.
    public static final String USER = "kelp";

    public static final String PASSWORD = "secret";
    private static final String HTPASSWD = "kelp:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

    private final Process process;
    private final Path folder;
    private final int port;

    private LocalRegistry(Process process, Path folder, int port) {
        this.process = process;
        this.folder = folder;
        this.port = port;
    }

    public static LocalRegistry start() {
        return start(null);
    }

    /// Asks for basic authentication.
    public static LocalRegistry withPassword() {
        return start(HTPASSWD);
    }

    private static LocalRegistry start(@Nullable String htpasswd) {
        try {
            Path folder = Files.createTempDirectory("registry-");
            int port = freePort();
            StringBuilder configuration = new StringBuilder("""
                    version: 0.1
                    log: {level: warn, accesslog: {disabled: true}}
                    storage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}
                    http: {addr: "127.0.0.1:%d"}
                    """.formatted(folder.resolve("data"), port));
            if (htpasswd != null) {
                Path passwords = Files.writeString(folder.resolve("htpasswd"), htpasswd);
                configuration.append("auth: {htpasswd: {realm: kelp, path: %s}}%n".formatted(passwords));
            }
            Path file = Files.writeString(folder.resolve("config.yml"), configuration);
            Process process = new ProcessBuilder("docker-registry", "serve", file.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("log").toFile())
                    .start();
            LocalRegistry registry = new LocalRegistry(process, folder, port);
            Waiting.until(START_LIMIT, "docker-registry answers", registry::answers, registry::log);
            return registry;
        } catch (IOException e) {
            throw new UncheckedIOException("start docker-registry", e);
        }
    }

    /// `127.0.0.1:PORT`, the first part of a reference.
    public String host() {
        return "127.0.0.1:" + port;
    }

    /// The reference of a repository with a tag in this registry.
    public String reference(String nameAndTag) {
        return host() + "/" + nameAndTag;
    }

    /// Copies an image of an OCI layout (`DIR` or `DIR:TAG`) into this registry, with all platforms, by skopeo.
    public String push(String layout, String nameAndTag) {
        Program.skopeo("copy", "--all", "--dest-tls-verify=false", "oci:" + layout, "docker://" + reference(nameAndTag))
                .timeoutSeconds(300)
                .run()
                .succeeded();
        return reference(nameAndTag);
    }

    /// Where the registry keeps its files, for tests that tamper with a blob.
    public Path data() {
        return folder.resolve("data");
    }

    @Override
    public void close() {
        process.destroyForcibly();
        Folders.delete(folder);
    }

    private boolean answers() {
        if (!process.isAlive()) {
            throw new AssertionError("docker-registry ended: " + log());
        }
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private String log() {
        try {
            return Files.readString(folder.resolve("log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
