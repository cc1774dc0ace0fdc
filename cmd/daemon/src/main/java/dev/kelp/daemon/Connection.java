// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The socket to one client: frames out under a lock, questions with their answers, events in by a reader thread.
final class Connection {
    private final Fd socket;
    private final ReentrantLock sending = new ReentrantLock();
    private final AtomicInteger nextId = new AtomicInteger(1);
    private final Map<Integer, CompletableFuture<Frame>> questions = new ConcurrentHashMap<>();
    private volatile boolean gone;

    /// What the reader thread reports.
    interface Events {
        void signal(int number);

        void windowSize(int rows, int columns);

        void detached();

        void streamEnded();

        /// The client closed the connection or died.
        void gone();

        /// For a client that has nothing to say.
        Events NONE = new Events() {
            @Override
            public void signal(int number) {}

            @Override
            public void windowSize(int rows, int columns) {}

            @Override
            public void detached() {}

            @Override
            public void streamEnded() {}

            @Override
            public void gone() {}
        };
    }

    Connection(Fd socket) {
        this.socket = socket;
    }

    void send(int type, byte[] payload, List<Fd> descriptors) {
        sending.lock();
        try {
            if (gone) {
                throw clientGone(null);
            }
            Frame.write(socket, type, payload, descriptors);
        } catch (ErrnoException e) {
            gone = true;
            throw clientGone(e);
        } finally {
            sending.unlock();
        }
    }

    private static KelpException clientGone(@Nullable Throwable cause) {
        return new KelpException(ErrorKind.CANCELLED, "the client went away", cause);
    }

    /// The id for the next question's payload.
    int newId() {
        return nextId.getAndIncrement();
    }

    /// Sends a question and waits for its REPLY frame, which the caller closes.
    Frame ask(int type, int id, Payload payload) {
        return ask(type, id, payload, List.of());
    }

    /// As [#ask], with descriptors, which stay the caller's.
    Frame ask(int type, int id, Payload payload, List<Fd> descriptors) {
        CompletableFuture<Frame> answer = new CompletableFuture<>();
        questions.put(id, answer);
        try {
            if (gone) {
                throw clientGone(null);
            }
            send(type, payload.toBytes(), descriptors);
            return answer.get();
        } catch (ExecutionException e) {
            throw clientGone(e);
        } catch (InterruptedException e) {
            if (!answer.cancel(false) && answer.state() == Future.State.SUCCESS) {
                answer.resultNow().close();
            }
            Thread.currentThread().interrupt();
            throw new KelpException(ErrorKind.CANCELLED, "interrupted while the client was asked", e);
        } finally {
            questions.remove(id);
        }
    }

    /// Reads frames until the client's end; the body of the reader thread.
    void readFrames(Events events) {
        try {
            for (var frame = Frame.read(socket); frame.isPresent(); frame = Frame.read(socket)) {
                dispatch(frame.get(), events);
            }
        } catch (IOException e) {
            System.getLogger(Connection.class.getName()).log(System.Logger.Level.DEBUG, "client connection", e);
        } finally {
            gone = true;
            questions.values().forEach(q -> q.completeExceptionally(clientGone(null)));
            events.gone();
        }
    }

    /// Descriptors come with answers only; those of other frames are closed.
    private void dispatch(Frame frame, Events events) throws IOException {
        if (frame.type() == Frame.REPLY) {
            answer(frame);
            return;
        }
        try (frame) {
            Payload p = Payload.of(frame.payload());
            switch (frame.type()) {
                case Frame.SIGNAL -> events.signal(p.i32());
                case Frame.WINCH -> events.windowSize(p.u16(), p.u16());
                case Frame.DETACHED -> events.detached();
                case Frame.STREAM_END -> events.streamEnded();
                default -> throw new IOException("a client sent a frame of type " + frame.type());
            }
        }
    }

    private void answer(Frame frame) throws IOException {
        boolean taken = false;
        try {
            CompletableFuture<Frame> q =
                    questions.remove(Payload.of(frame.payload()).i32());
            taken = q != null && q.complete(frame);
        } finally {
            if (!taken) {
                frame.close();
            }
        }
    }

    /// Tells the exit code and ends the conversation; the reader thread then meets the end of the stream.
    void exit(int code) {
        byte[] payload = ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(code)
                .array();
        try {
            send(Frame.EXIT, payload, List.of());
        } catch (KelpException e) {
            System.getLogger(Connection.class.getName()).log(System.Logger.Level.DEBUG, "nobody waits for an exit", e);
        }
        hangUp();
    }

    void hangUp() {
        try {
            UnixSockets.shutdown(socket, 2);
        } catch (ErrnoException e) {
            System.getLogger(Connection.class.getName()).log(System.Logger.Level.DEBUG, "shutdown", e);
        }
    }

    void close() {
        socket.close();
    }
}
