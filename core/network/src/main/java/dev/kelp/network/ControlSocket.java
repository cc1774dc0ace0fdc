// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Where a driver's program is asked for something: one question and one answer for each connection. A program that is
/// stopped, or hangs, takes connections and never answers, so there is a limit.
///
/// @param socket of type SOCK_STREAM
/// @param answerBytesMax what is longer is cut off
/// @param limit for a question and its answer together
record ControlSocket(Path socket, int answerBytesMax, Duration limit) {
    /// What such programs do takes them milliseconds.
    static final Duration LIMIT_DEFAULT = Duration.ofSeconds(10);

    /// @param endsWithQuestion whether the program waits for the end of what it is told
    /// @return what came until the program closed the connection
    /// @throws InterruptedIOException when the question was put and given up: it may be dealt with later
    byte[] ask(byte[] question, boolean endsWithQuestion) throws IOException {
        long endNanos = System.nanoTime() + limit.toNanos();
        try (Selector selector = Selector.open();
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.configureBlocking(false);
            // never on its way: it fails when as many wait as may, connect(2) EAGAIN
            if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
                throw new IOException("it takes no connection now");
            }
            SelectionKey key = channel.register(selector, SelectionKey.OP_WRITE);
            ByteBuffer out = ByteBuffer.wrap(question);
            while (out.hasRemaining()) {
                if (channel.write(out) == 0) {
                    await(selector, endNanos);
                }
            }
            if (endsWithQuestion) {
                channel.shutdownOutput();
            }
            key.interestOps(SelectionKey.OP_READ);
            return answer(channel, selector, endNanos);
        } catch (ClosedByInterruptException e) {
            throw interrupted(e);
        }
    }

    private static InterruptedIOException interrupted(ClosedByInterruptException e) {
        InterruptedIOException told = new InterruptedIOException("interrupted");
        told.initCause(e);
        return told;
    }

    private byte[] answer(SocketChannel channel, Selector selector, long endNanos) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer part = ByteBuffer.allocate(4096);
        while (all.size() < answerBytesMax) {
            int n = channel.read(part.clear());
            if (n < 0) {
                break;
            }
            all.write(part.array(), 0, n);
            if (n == 0) {
                await(selector, endNanos);
            }
        }
        return all.toByteArray();
    }

    private void await(Selector selector, long endNanos) throws IOException {
        long millis = TimeUnit.NANOSECONDS.toMillis(endNanos - System.nanoTime());
        if (millis <= 0) {
            throw new SocketTimeoutException("no answer within " + limit.toMillis() + " ms");
        }
        selector.select(millis);
        selector.selectedKeys().clear();
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException("interrupted");
        }
    }
}
