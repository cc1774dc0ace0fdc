// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.UnixSockets;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/// A connection of any kind that bytes are written to. Nothing blocks longer than a few seconds but writing to a local
/// socket.
interface Wire extends AutoCloseable {
    int TIMEOUT_MILLIS = 5_000;

    /// Writes all of it; to datagram sockets as one datagram.
    void write(byte[] bytes) throws IOException;

    /// Whether each write is a message of its own.
    default boolean isDatagrams() {
        return false;
    }

    /// Answers, where they are read.
    InputStream in() throws IOException;

    @Override
    void close() throws IOException;

    /// @param tls encrypts a `tcp+tls` connection
    static Wire open(Address address, Optional<SSLSocketFactory> tls) throws IOException {
        return switch (address.scheme()) {
            case "udp" -> udp(address);
            case "unix" -> unix(address, UnixSockets.Type.STREAM);
            case "unixgram" -> unix(address, UnixSockets.Type.DGRAM);
            default -> tcp(address, tls);
        };
    }

    private static SocketAddress resolved(Address a) throws IOException {
        InetSocketAddress address = new InetSocketAddress(a.host(), a.port());
        if (address.isUnresolved()) {
            throw new IOException("no such host: " + a.host());
        }
        return address;
    }

    private static Wire tcp(Address a, Optional<SSLSocketFactory> tls) throws IOException {
        Socket plain = new Socket();
        try {
            plain.connect(resolved(a), TIMEOUT_MILLIS);
            plain.setTcpNoDelay(true);
            plain.setSoTimeout(TIMEOUT_MILLIS);
            if (tls.isEmpty()) {
                return new OverSocket(plain);
            }
            SSLSocket secure = (SSLSocket) tls.get().createSocket(plain, a.host(), a.port(), true);
            SSLParameters parameters = secure.getSSLParameters();
            if (!(tls.get() instanceof Tls.Unchecked)) {
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
            }
            secure.setSSLParameters(parameters);
            secure.startHandshake();
            return new OverSocket(secure);
        } catch (IOException e) {
            plain.close();
            throw e;
        }
    }

    private static Wire udp(Address a) throws IOException {
        DatagramSocket socket = new DatagramSocket();
        socket.connect(resolved(a));
        return new OverDatagrams(socket);
    }

    private static Wire unix(Address a, UnixSockets.Type type) throws IOException {
        try {
            return new OverUnix(UnixSockets.connect(a.host(), type), type == UnixSockets.Type.DGRAM);
        } catch (ErrnoException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /// TCP, with or without TLS.
    record OverSocket(Socket socket) implements Wire {
        @Override
        public void write(byte[] bytes) throws IOException {
            checkOpen();
            socket.getOutputStream().write(bytes);
        }

        /// The first write to what the other side has closed would succeed, and be lost.
        private void checkOpen() throws IOException {
            socket.setSoTimeout(1);
            try {
                if (socket.getInputStream().read() < 0) {
                    throw new EOFException("the other side has closed the connection");
                }
            } catch (SocketTimeoutException e) {
                // still there, and silent as it should be
            } finally {
                socket.setSoTimeout(TIMEOUT_MILLIS);
            }
        }

        @Override
        public InputStream in() throws IOException {
            return socket.getInputStream();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /// UDP.
    record OverDatagrams(DatagramSocket socket) implements Wire {
        @Override
        public boolean isDatagrams() {
            return true;
        }

        @Override
        public void write(byte[] bytes) throws IOException {
            socket.send(new DatagramPacket(bytes, bytes.length));
        }

        @Override
        public InputStream in() {
            return InputStream.nullInputStream();
        }

        @Override
        public void close() {
            socket.close();
        }
    }

    /// A local socket.
    record OverUnix(Fd socket, boolean isDatagrams) implements Wire {
        @Override
        public void write(byte[] bytes) throws IOException {
            try {
                UnixSockets.send(socket, bytes, List.of());
            } catch (ErrnoException e) {
                throw new IOException(e.getMessage(), e);
            }
        }

        @Override
        public InputStream in() {
            return Pipes.input(socket);
        }

        @Override
        public void close() {
            socket.close();
        }
    }
}
