// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Poll;
import dev.kelp.linux.UnixSockets;
import dev.kelp.linux.UnixSockets.Received;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// One message between client and daemon: a type, a payload and descriptors, which the frame owns.
record Frame(int type, byte[] payload, List<Fd> descriptors) implements AutoCloseable {
    /// From the client.
    static final int REQUEST = 1;

    static final int SIGNAL = 2;
    static final int WINCH = 3;
    static final int REPLY = 4;
    static final int RESUME = 5;
    static final int DETACHED = 6;
    static final int STREAM_END = 7;

    /// From the daemon.
    static final int OUT = 1;

    static final int ERR = 2;
    static final int EXIT = 3;
    static final int OPEN = 4;
    static final int PROMPT = 5;
    static final int RUN = 6;
    static final int ATTACH = 7;
    static final int MKDIR = 9;
    static final int BIND = 10;
    static final int RENAME = 11;
    static final int UPGRADE = 12;
    static final int ELSEWHERE = 13;

    static final int PAYLOAD_BYTES_MAX = 4 << 20;
    static final int DESCRIPTORS_MAX = 8;
    private static final int HEADER_BYTES = 8;
    private static final long NO_LIMIT = -1;
    private static final long NANOS_PER_MILLI = 1_000_000;

    /// Reads one frame, however long it takes; empty at the end of the stream.
    static Optional<Frame> read(Fd socket) throws IOException {
        return read(socket, NO_LIMIT);
    }

    /// Reads one frame; one that is not whole within `timeoutMillis` is an error.
    static Optional<Frame> read(Fd socket, long timeoutMillis) throws IOException {
        long deadline = timeoutMillis == NO_LIMIT ? NO_LIMIT : System.nanoTime() / NANOS_PER_MILLI + timeoutMillis;
        byte[] header = new byte[HEADER_BYTES];
        List<Fd> descriptors = new ArrayList<>();
        try {
            if (!fill(socket, header, descriptors, deadline)) {
                descriptors.forEach(Fd::close);
                return Optional.empty();
            }
            ByteBuffer b = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
            int length = b.getInt(0);
            int count = header[5] & 0xff;
            if (length < 0 || length > PAYLOAD_BYTES_MAX || count > DESCRIPTORS_MAX) {
                throw new IOException("a frame of " + length + " bytes and " + count + " descriptors is not allowed");
            }
            byte[] payload = new byte[length];
            if (length > 0 && !fill(socket, payload, descriptors, deadline)) {
                throw new EOFException("the client ended within a frame");
            }
            if (descriptors.size() != count) {
                throw new IOException(
                        "a frame announced " + count + " descriptors and came with " + descriptors.size());
            }
            return Optional.of(new Frame(header[4] & 0xff, payload, descriptors));
        } catch (IOException | RuntimeException e) {
            descriptors.forEach(Fd::close);
            throw e;
        }
    }

    private static boolean fill(Fd socket, byte[] buffer, List<Fd> descriptors, long deadline) throws IOException {
        int at = 0;
        while (at < buffer.length) {
            Received r;
            try {
                await(socket, deadline);
                r = UnixSockets.receive(socket, buffer, at, Math.min(buffer.length - at, 64 << 10));
            } catch (ErrnoException e) {
                if (e.is(Errno.ECONNRESET)) {
                    return false;
                }
                throw e;
            }
            descriptors.addAll(r.descriptors());
            if (r.bytes() == 0) {
                if (at == 0) {
                    return false;
                }
                throw new EOFException("the client ended within a frame");
            }
            at += r.bytes();
        }
        return true;
    }

    private static void await(Fd socket, long deadline) throws IOException {
        if (deadline == NO_LIMIT) {
            return;
        }
        long left = Math.max(0, deadline - System.nanoTime() / NANOS_PER_MILLI);
        if (Poll.await(socket, Poll.POLLIN, left) == 0) {
            throw new SocketTimeoutException("the client sent no whole frame in time");
        }
    }

    /// Writes one frame; the descriptors stay the caller's.
    static void write(Fd socket, int type, byte[] payload, List<Fd> descriptors) throws ErrnoException {
        byte[] all = new byte[HEADER_BYTES + payload.length];
        ByteBuffer b = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(payload.length)
                .put((byte) type)
                .put((byte) descriptors.size())
                .putShort((short) 0)
                .put(payload);
        UnixSockets.send(socket, all, descriptors);
    }

    @Override
    public void close() {
        descriptors.forEach(Fd::close);
    }
}
