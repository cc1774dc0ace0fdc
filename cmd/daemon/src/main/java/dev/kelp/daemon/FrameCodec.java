// SPDX-License-Identifier: Apache-2.0
package dev.kelp.daemon;

import dev.kelp.linux.Fd;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Cuts a stream of bytes into frames, a read at a time, and writes frames. Limits: [Frame#PAYLOAD_BYTES_MAX],
/// [Frame#DESCRIPTORS_MAX].
final class FrameCodec {
    /// No more is asked for at once, so that a header that promises much takes no memory before the bytes come.
    static final int READ_BYTES_MAX = 64 << 10;

    private static final int TYPE_MAX = 64;

    private final byte[] header = new byte[Frame.HEADER_BYTES];
    private int headerBytes;
    private byte[] payload = new byte[0];
    private int payloadBytes;
    private int payloadLength;
    private List<Fd> descriptors = new ArrayList<>();

    /// How many bytes the next read may ask for: never more than what belongs to the present frame, because the
    /// descriptors of the next one come with its first byte.
    int wanted() {
        return headerBytes < Frame.HEADER_BYTES
                ? Frame.HEADER_BYTES - headerBytes
                : Math.min(READ_BYTES_MAX, payloadLength - payloadBytes);
    }

    /// Takes what one read gave: at most [#wanted] bytes. Takes over the descriptors in any case.
    ///
    /// @return the frame when it is complete
    @Nullable Frame feed(byte[] data, int length, List<Fd> received) throws ProtocolException {
        descriptors.addAll(received);
        if (length > wanted()) {
            throw broken("more bytes than asked for");
        }
        if (headerBytes < Frame.HEADER_BYTES) {
            System.arraycopy(data, 0, header, headerBytes, length);
            headerBytes += length;
            if (headerBytes < Frame.HEADER_BYTES) {
                return null;
            }
            checkHeader();
        } else {
            if (!received.isEmpty()) {
                throw broken("descriptors in the middle of a frame");
            }
            if (payload.length < payloadBytes + length) {
                payload = Arrays.copyOf(payload, Math.min(payloadLength, Math.max(payloadBytes + length, 2 * payload.length)));
            }
            System.arraycopy(data, 0, payload, payloadBytes, length);
            payloadBytes += length;
        }
        return payloadBytes == payloadLength ? take() : null;
    }

    private void checkHeader() throws ProtocolException {
        ByteBuffer b = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        payloadLength = b.getInt(0);
        if (payloadLength < 0 || payloadLength > Frame.PAYLOAD_BYTES_MAX) {
            throw broken("a payload of " + Integer.toUnsignedString(payloadLength) + " bytes");
        }
        int count = Byte.toUnsignedInt(header[5]);
        if (count > Frame.DESCRIPTORS_MAX || count != descriptors.size()) {
            throw broken(count + " descriptors announced, " + descriptors.size() + " received");
        }
        if (b.getShort(6) != 0 || header[4] <= 0 || header[4] > TYPE_MAX) {
            throw broken("a header that is none");
        }
        payload = new byte[Math.min(payloadLength, READ_BYTES_MAX)];
    }

    private Frame take() {
        Frame frame = new Frame(header[4], payload, List.copyOf(descriptors));
        headerBytes = 0;
        payloadBytes = 0;
        payloadLength = 0;
        payload = new byte[0];
        descriptors = new ArrayList<>();
        return frame;
    }

    private ProtocolException broken(String what) {
        abandon();
        return new ProtocolException("the client sent " + what);
    }

    /// Closes the descriptors of a frame that will not be completed.
    void abandon() {
        descriptors.forEach(Fd::close);
        descriptors.clear();
    }

    /// Header and payload as one message.
    static byte[] encode(int type, byte[] payload, int descriptors) {
        if (payload.length > Frame.PAYLOAD_BYTES_MAX || descriptors > Frame.DESCRIPTORS_MAX) {
            throw new IllegalArgumentException("frame of " + payload.length + " bytes, " + descriptors + " descriptors");
        }
        return ByteBuffer.allocate(Frame.HEADER_BYTES + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(payload.length)
                .put((byte) type)
                .put((byte) descriptors)
                .putShort((short) 0)
                .put(payload)
                .array();
    }
}
