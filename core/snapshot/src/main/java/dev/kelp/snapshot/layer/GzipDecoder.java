// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// gzip as in RFC 1952: any number of members, each checked by its CRC and length; zeros after the last are
/// padding.
final class GzipDecoder implements Decoder {
    private static final int HEADER_BYTES = 10;
    private static final int FHCRC = 2;
    private static final int FEXTRA = 4;
    private static final int FNAME = 8;
    private static final int FCOMMENT = 16;
    /// Optional header fields may be this long altogether.
    private static final int HEADER_BYTES_MAX = 1 << 20;

    private final CompressedInput in;
    private final Inflater inflater = new Inflater(true);
    private final CRC32 crc = new CRC32();
    private boolean inMember;
    private boolean first = true;
    private int headerBytes;

    GzipDecoder(CompressedInput in) {
        this.in = in;
    }

    @Override
    public void decode(ByteBuffer out) throws IOException {
        while (out.hasRemaining() && (inMember || startMember())) {
            int start = out.position();
            if (inflate(out) == 0 && !inflater.finished() && inflater.needsInput() && !in.more()) {
                throw damaged("ends in the middle of its data");
            }
            crc.update(out.slice(start, out.position() - start));
            if (inflater.finished()) {
                endMember();
            }
        }
    }

    private int inflate(ByteBuffer out) {
        try {
            inflater.setInput(in.buffer());
            int n = inflater.inflate(out);
            if (n == 0 && inflater.needsDictionary()) {
                throw damaged("wants a preset dictionary");
            }
            return n;
        } catch (DataFormatException e) {
            throw damaged(e.getMessage() == null ? "is not deflate data" : e.getMessage());
        }
    }

    private boolean startMember() throws IOException {
        in.fill(HEADER_BYTES);
        ByteBuffer b = in.buffer();
        if (!first && onlyZerosLeft()) {
            return false;
        }
        if (b.remaining() < HEADER_BYTES) {
            throw damaged("ends in the middle of a header");
        }
        if (b.get() != 0x1f || b.get() != (byte) 0x8b || b.get() != 8) {
            throw damaged("has something else behind it");
        }
        int flags = b.get();
        b.position(b.position() + 6);
        headerBytes = 0;
        if ((flags & FEXTRA) != 0) {
            int length = headerByte() | headerByte() << 8;
            for (int i = 0; i < length; i++) {
                headerByte();
            }
        }
        skipString(flags & FNAME);
        skipString(flags & FCOMMENT);
        if ((flags & FHCRC) != 0) {
            headerByte();
            headerByte();
        }
        inflater.reset();
        crc.reset();
        first = false;
        inMember = true;
        return true;
    }

    private boolean onlyZerosLeft() throws IOException {
        ByteBuffer b = in.buffer();
        while (true) {
            while (b.hasRemaining()) {
                if (b.get(b.position()) != 0) {
                    in.fill(HEADER_BYTES);
                    return false;
                }
                b.get();
            }
            if (!in.more()) {
                return true;
            }
        }
    }

    private void skipString(int present) throws IOException {
        while (present != 0 && headerByte() != 0) {
            // up to its NUL
        }
    }

    private int headerByte() throws IOException {
        int b = in.readByte();
        if (b < 0 || ++headerBytes > HEADER_BYTES_MAX) {
            throw damaged("has a header without end");
        }
        return b;
    }

    private void endMember() throws IOException {
        in.fill(8);
        ByteBuffer b = in.buffer();
        if (b.remaining() < 8) {
            throw damaged("ends before its checksum");
        }
        int expectedCrc = Integer.reverseBytes(b.getInt());
        int expectedLength = Integer.reverseBytes(b.getInt());
        if (expectedCrc != (int) crc.getValue() || expectedLength != (int) inflater.getBytesWritten()) {
            throw damaged("does not match its checksum");
        }
        inMember = false;
    }

    private static KelpException damaged(String what) {
        return new KelpException(ErrorKind.DATA_LOSS, "decompress: the gzip stream " + what);
    }

    @Override
    public void close() {
        inflater.end();
    }
}
