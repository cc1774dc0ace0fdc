// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dns;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.BiFunction;

/// A client that asks over TCP, which resolvers do when an answer was too long for a datagram: rare, so each has a
/// thread of its own for a few seconds.
final class TcpQuestion {
    private static final System.Logger LOG = System.getLogger(TcpQuestion.class.getName());
    private static final Semaphore CLIENTS = new Semaphore(32);
    private static final int QUESTIONS_MAX = 64;
    private static final int SILENCE_MILLIS_MAX = 10_000;
    private static final int CONNECT_MILLIS_MAX = 5000;

    private TcpQuestion() {}

    /// @param channels opens a channel that is not connected yet
    record Servers(List<InetSocketAddress> addresses, Channels channels) {}

    @FunctionalInterface
    interface Channels {
        SocketChannel to(InetSocketAddress server) throws IOException;
    }

    /// Serves the client, or hangs up when there are too many.
    static void serve(
            SocketChannel client, BiFunction<InetAddress, ByteBuffer, Optional<ByteBuffer>> local, Servers servers)
            throws IOException {
        if (!CLIENTS.tryAcquire()) {
            client.close();
            return;
        }
        Thread.ofPlatform().name("kelp-dns-tcp").daemon(true).start(() -> {
            try (client) {
                client.configureBlocking(true);
                talk(client.socket(), local, servers);
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "serve names over TCP", e);
            } finally {
                CLIENTS.release();
            }
        });
    }

    private static void talk(
            Socket client, BiFunction<InetAddress, ByteBuffer, Optional<ByteBuffer>> local, Servers servers)
            throws IOException {
        client.setSoTimeout(SILENCE_MILLIS_MAX);
        DataInputStream in = new DataInputStream(client.getInputStream());
        DataOutputStream out = new DataOutputStream(client.getOutputStream());
        for (int i = 0; i < QUESTIONS_MAX; i++) {
            byte[] question = read(in);
            Optional<ByteBuffer> answer = local.apply(client.getInetAddress(), ByteBuffer.wrap(question));
            byte[] bytes;
            if (answer.isPresent()) {
                bytes = new byte[answer.get().remaining()];
                answer.get().get(bytes);
            } else {
                bytes = ask(question, servers);
            }
            out.writeShort(bytes.length);
            out.write(bytes);
            out.flush();
        }
    }

    private static byte[] ask(byte[] question, Servers servers) throws IOException {
        IOException last = new IOException("no name server");
        for (InetSocketAddress server : servers.addresses()) {
            try (Socket socket = servers.channels().to(server).socket()) {
                socket.connect(server, CONNECT_MILLIS_MAX);
                socket.setSoTimeout(SILENCE_MILLIS_MAX);
                DataOutputStream out = new DataOutputStream(socket.getOutputStream());
                out.writeShort(question.length);
                out.write(question);
                out.flush();
                return read(new DataInputStream(socket.getInputStream()));
            } catch (IOException e) {
                last = e;
            }
        }
        throw last;
    }

    /// RFC 1035 section 4.2.2: a length, then the message.
    private static byte[] read(DataInputStream in) throws IOException {
        byte[] message = new byte[in.readUnsignedShort()];
        in.readFully(message);
        return message;
    }
}
