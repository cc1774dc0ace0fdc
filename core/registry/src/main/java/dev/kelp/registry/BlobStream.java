// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.registry.TransferListener.State;
import dev.kelp.registry.http.Cancellation;
import dev.kelp.registry.http.HttpLimits;
import dev.kelp.registry.http.Reply;
import dev.kelp.registry.http.Retries;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A blob's bytes as they come. When the connection breaks or brings nothing for the stall time, it connects again
/// from the last byte; it gives up after [HttpLimits#attemptsMax] connections in a row without a byte, or after
/// [#RECONNECTS_MAX]. What it reads ends exactly at the descriptor's size: fewer bytes are an error, and so is the
/// first byte too many. For one reading thread.
///
/// Failures are [KelpException]s, so that they pass through decompressors with their kind.
public final class BlobStream extends InputStream {
    /// Broken connections survived in one blob.
    public static final int RECONNECTS_MAX = 100;

    private final Descriptor descriptor;
    private final Ways ways;
    private @Nullable Connection connection;
    private @Nullable ByteBuffer buffer;
    private long position;
    private long skip;
    private long reported;
    private int failuresInARow;
    private int reconnects;
    private boolean closed;

    /// Connects to where a blob is.
    @FunctionalInterface
    interface Connector {
        Connection connect(long offset);
    }

    /// An answer under way.
    ///
    /// @param skipBytes what comes before the wanted offset, from servers that do not know ranges
    record Connection(Reply reply, long skipBytes, HostSession session) {}

    record Ways(Connector connector, HttpLimits limits, Cancellation cancellation, TransferListener listener) {}

    BlobStream(Descriptor descriptor, long offset, Ways ways) {
        this.descriptor = descriptor;
        this.position = offset;
        this.reported = offset;
        this.ways = ways;
        if (offset < descriptor.size()) {
            connect();
        }
    }

    /// How many bytes of the blob were read, those before the first offset included.
    public long position() {
        return position - (buffer == null ? 0 : buffer.remaining());
    }

    @Override
    public int read() throws IOException {
        ByteBuffer b = ready();
        return b == null ? -1 : b.get() & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, target.length);
        if (length == 0) {
            return 0;
        }
        ByteBuffer b = ready();
        if (b == null) {
            return -1;
        }
        int n = Math.min(length, b.remaining());
        b.get(target, offset, n);
        return n;
    }

    @Override
    public int available() {
        return buffer == null ? 0 : buffer.remaining();
    }

    /// All bytes that are there, without copying, at least one; null at the end. Valid until the next call.
    public @Nullable ByteBuffer nextBuffer() throws IOException {
        ByteBuffer b = ready();
        buffer = null;
        return b;
    }

    private @Nullable ByteBuffer ready() throws IOException {
        if (closed) {
            throw new IOException("the stream is closed");
        }
        ByteBuffer b = buffer;
        if (b == null || !b.hasRemaining()) {
            b = fill();
            buffer = b;
        }
        return b;
    }

    private @Nullable ByteBuffer fill() {
        while (position < descriptor.size()) {
            ways.cancellation().check();
            try {
                ByteBuffer b = receive();
                if (b != null) {
                    return b;
                }
            } catch (IOException e) {
                ways.cancellation().check();
                recover(e);
            }
        }
        finish();
        return null;
    }

    private @Nullable ByteBuffer receive() throws IOException {
        if (connection == null) {
            connect();
        }
        Connection c = Objects.requireNonNull(connection);
        ByteBuffer b = c.reply().body().next(ways.limits().stallTimeout());
        if (b == null) {
            throw new EOFException("the connection ended after " + position + " of " + descriptor.size() + " bytes");
        }
        if (skip > 0) {
            int n = (int) Math.min(skip, b.remaining());
            b.position(b.position() + n);
            skip -= n;
            if (!b.hasRemaining()) {
                return null;
            }
        }
        if (b.remaining() > descriptor.size() - position) {
            throw oversized();
        }
        failuresInARow = 0;
        position += b.remaining();
        if (position - reported >= TransferListener.STEP_BYTES) {
            report(State.ACTIVE);
        }
        return b;
    }

    private void connect() {
        Connection c = ways.connector().connect(position);
        connection = c;
        skip = c.skipBytes();
        report(State.ACTIVE);
    }

    private void recover(IOException e) {
        Connection c = connection;
        if (c != null) {
            c.reply().close();
            connection = null;
        }
        failuresInARow++;
        reconnects++;
        if (failuresInARow >= ways.limits().attemptsMax() || reconnects > RECONNECTS_MAX) {
            throw new KelpException(
                    ErrorKind.UNAVAILABLE,
                    "fetch blob " + descriptor.digest() + ": gave up at byte " + position + " of " + descriptor.size()
                            + " after " + reconnects + " broken connections: " + e.getMessage(),
                    e);
        }
        if (failuresInARow > 1 && c != null) {
            c.session().setFailed(); // let another host have a try
        }
        System.getLogger(BlobStream.class.getName())
                .log(System.Logger.Level.DEBUG, "blob {0} at {1}: {2}", descriptor.digest(), position, e.getMessage());
        report(State.RECONNECTING);
        ways.cancellation().sleep(new Retries(ways.limits(), ways.cancellation()).pause(failuresInARow));
    }

    /// All bytes are there. A body whose length was announced has ended with them; any other must end now.
    private void finish() {
        Connection c = connection;
        connection = null;
        if (c == null) {
            report(State.DONE);
            return;
        }
        if (c.reply().contentLength().isPresent()) {
            c.reply().body().release();
        } else {
            try (Reply reply = c.reply()) {
                if (reply.body().next(ways.limits().stallTimeout()) != null) {
                    throw oversized();
                }
            } catch (IOException e) {
                System.getLogger(BlobStream.class.getName())
                        .log(
                                System.Logger.Level.DEBUG,
                                "blob {0} is complete, though {1}",
                                descriptor.digest(),
                                e.getMessage());
            }
        }
        report(State.DONE);
    }

    private KelpException oversized() {
        close();
        return new KelpException(
                ErrorKind.DATA_LOSS,
                "fetch blob " + descriptor.digest() + ": the registry sends more than the " + descriptor.size()
                        + " bytes it should have");
    }

    private void report(State state) {
        if (closed || (state == State.DONE && reported < 0)) {
            return;
        }
        reported = state == State.DONE ? Long.MIN_VALUE : position;
        ways.listener().transferred(descriptor, position, state);
    }

    /// Gives up what was not read.
    @Override
    public void close() {
        closed = true;
        Connection c = connection;
        connection = null;
        if (c != null) {
            c.reply().close();
        }
    }
}
