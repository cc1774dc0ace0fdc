// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Poll;
import dev.kelp.linux.UnixSockets;
import java.io.EOFException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// A client's socket. One thread reads: first the connection's own, then the poller. Any thread writes.
final class Connection {
    /// What comes after the REQUEST. Called by the poller's thread: must not block.
    interface Handler {
        /// Takes over the frame's descriptors.
        void frame(Frame frame) throws ProtocolException;

        /// The client went away or broke the protocol; nothing more will come.
        void gone();
    }

    private final Fd socket;
    private final FrameCodec codec = new FrameCodec();
    private final byte[] buffer = new byte[FrameCodec.READ_BYTES_MAX];
    private final ReentrantLock writing = new ReentrantLock();
    private final ReentrantLock life = new ReentrantLock();
    private @Nullable Handler handler;
    private boolean watched;
    private boolean finished;

    Connection(Fd socket) {
        this.socket = socket;
    }

    Fd socket() {
        return socket;
    }

    /// Reads one frame, for at most `timeoutMillis` between two pieces.
    Frame read(long timeoutMillis) throws IOException {
        while (true) {
            if (Poll.await(socket, Poll.POLLIN, timeoutMillis) == 0) {
                codec.abandon();
                throw new ProtocolException("the client sent no request in time");
            }
            Frame frame = readOnce();
            if (frame != null) {
                return frame;
            }
        }
    }

    /// One recvmsg(2), which does not block when poll(2) said so.
    private @Nullable Frame readOnce() throws IOException {
        int wanted = codec.wanted();
        UnixSockets.Received r = UnixSockets.receive(socket, buffer, 0, wanted);
        if (r.bytes() == 0) {
            r.descriptors().forEach(Fd::close);
            codec.abandon();
            throw new EOFException("the client is gone");
        }
        return codec.feed(buffer, r.bytes(), r.descriptors());
    }

    /// For the poller: reads once and delivers.
    ///
    /// @return false when there is nothing more to watch
    boolean deliver() {
        Handler h = java.util.Objects.requireNonNull(handler);
        try {
            Frame frame = readOnce();
            if (frame != null) {
                h.frame(frame);
            }
            return true;
        } catch (IOException e) {
            h.gone();
            return false;
        }
    }

    /// Lets the poller read from now on.
    void watch(Handler h) {
        life.lock();
        try {
            handler = h;
            watched = true;
        } finally {
            life.unlock();
        }
    }

    /// For the poller: it will not touch the socket any more.
    void unwatch() {
        life.lock();
        try {
            watched = false;
            if (finished) {
                close();
            }
        } finally {
            life.unlock();
        }
    }

    boolean isFinished() {
        life.lock();
        try {
            return finished;
        } finally {
            life.unlock();
        }
    }

    /// Ends the connection: the client sees the end at once, and a watched socket is closed by the poller, whom the
    /// shutdown wakes.
    void finish() {
        life.lock();
        try {
            if (finished) {
                return;
            }
            finished = true;
            try {
                UnixSockets.shutdown(socket, 2);
            } catch (ErrnoException e) {
                // ENOTCONN: the client was quicker
            }
            if (!watched) {
                close();
            }
        } finally {
            life.unlock();
        }
    }

    private void close() {
        // a writer that was stuck has been woken by the shutdown
        writing.lock();
        try {
            codec.abandon();
            socket.close();
        } finally {
            writing.unlock();
        }
    }

    /// Sends a frame. EPIPE when the client is gone. The descriptors stay the caller's.
    void send(int type, byte[] payload, List<Fd> descriptors) throws ErrnoException {
        byte[] message = FrameCodec.encode(type, payload, descriptors.size());
        writing.lock();
        try {
            if (!socket.isOpen()) {
                throw new ErrnoException("send", Errno.EPIPE, "client");
            }
            UnixSockets.send(socket, message, descriptors);
        } finally {
            writing.unlock();
        }
    }
}
