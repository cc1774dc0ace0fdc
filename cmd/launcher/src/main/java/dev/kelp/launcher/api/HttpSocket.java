// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.api;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Serves HTTP on a socket of the user's. Each connection has a virtual thread and one request.
public final class HttpSocket implements AutoCloseable {
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ServerSocketChannel socket;
    private final Answers answers;

    /// Answers requests.
    public interface Answers {
        /// @param path without what follows a question mark
        /// @throws KelpException whose message the client gets
        HttpMessage answer(String method, String path, byte[] body);
    }

    private HttpSocket(ServerSocketChannel socket, Answers answers) {
        this.socket = socket;
        this.answers = answers;
    }

    /// Listens at a path where nothing is.
    ///
    /// @param thread its name
    public static HttpSocket start(Path path, String thread, Answers answers) {
        try {
            ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            socket.bind(UnixDomainSocketAddress.of(path));
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
            HttpSocket server = new HttpSocket(socket, answers);
            Thread.ofPlatform().name(thread).daemon(true).start(server::accept);
            return server;
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "listen on " + path + ": " + e.getMessage(), e)
                    .withHint("the path of a socket has at most 107 bytes: choose a shorter one");
        }
    }

    private void accept() {
        while (true) {
            SocketChannel client;
            try {
                client = socket.accept();
            } catch (IOException e) {
                if (!socket.isOpen()) {
                    return;
                }
                // without descriptors for another one: the next moment there may be some
                LockSupport.parkNanos(PAUSE_NANOS);
                continue;
            }
            Thread.ofVirtual().start(() -> serve(client));
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
            HttpMessage answer;
            try {
                answer = answer(HttpMessage.read(Channels.newInputStream(client), HttpMessage.REQUEST_BYTES_MAX));
            } catch (KelpException | IOException e) {
                answer = HttpMessage.error(400, String.valueOf(e.getMessage()));
            }
            answer.write(client);
        } catch (IOException e) {
            // the client went away
        }
    }

    private HttpMessage answer(HttpMessage request) {
        String[] line = request.startLine().split(" ");
        if (line.length != 3) {
            return HttpMessage.error(400, "not a request: " + request.startLine());
        }
        String path = line[1].contains("?") ? line[1].substring(0, line[1].indexOf('?')) : line[1];
        return answers.answer(line[0], path, request.body());
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new IllegalStateException("close the API socket", e);
        }
    }
}
