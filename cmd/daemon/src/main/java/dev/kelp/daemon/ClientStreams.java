// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.cli.ClientContext.OutputClosedException;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Poll;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The client's pipes and files as streams. A blocking read(2) or write(2) cannot be interrupted, so each is preceded
/// by poll(2) with a time limit, after which the thread's interruption is looked at. O_NONBLOCK is never set: the
/// descriptors are shared with the user's shell.
final class ClientStreams {
    private static final int TICK_MILLIS = 250;

    /// A pipe that poll(2) calls writable takes this much without blocking (PIPE_BUF, pipe(7)).
    private static final int PIPE_CHUNK_BYTES = 4096;

    private static final int READ_CHUNK_BYTES = 64 << 10;

    private ClientStreams() {}

    /// The descriptor stays the caller's.
    static InputStream input(Fd fd) {
        return new Input(fd);
    }

    /// The descriptor stays the caller's. A reader that is gone raises [OutputClosedException], a full disk or the
    /// like
    /// a KelpException.
    static OutputStream output(Fd fd) {
        return new Output(fd);
    }

    private static void await(Fd fd, int events) throws IOException {
        while (Poll.await(fd, events, TICK_MILLIS) == 0) {
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("interrupted");
            }
        }
    }

    private static final class Input extends InputStream {
        private final Fd fd;
        private final MemorySegment buffer = Arena.ofAuto().allocate(READ_CHUNK_BYTES);

        Input(Fd fd) {
            this.fd = fd;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] b, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            await(fd, Poll.POLLIN);
            int n = Pipes.read(fd, buffer.asSlice(0, Math.min(length, buffer.byteSize())));
            if (n == 0) {
                return -1;
            }
            MemorySegment.copy(buffer, ValueLayout.JAVA_BYTE, 0, b, offset, n);
            return n;
        }
    }

    private static final class Output extends OutputStream {
        private final Fd fd;
        private final MemorySegment buffer = Arena.ofAuto().allocate(PIPE_CHUNK_BYTES);

        Output(Fd fd) {
            this.fd = fd;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] b, int offset, int length) throws IOException {
            try {
                for (int at = 0; at < length; ) {
                    int n = Math.min(length - at, PIPE_CHUNK_BYTES);
                    MemorySegment.copy(b, offset + at, buffer, ValueLayout.JAVA_BYTE, 0, n);
                    await(fd, Poll.POLLOUT);
                    Pipes.writeAll(fd, buffer.asSlice(0, n));
                    at += n;
                }
            } catch (ErrnoException e) {
                if (e.is(Errno.EPIPE)) {
                    throw new OutputClosedException();
                }
                // no IOException, which a PrintStream would keep to itself
                throw e.toKelp("write the output");
            }
        }
    }
}
