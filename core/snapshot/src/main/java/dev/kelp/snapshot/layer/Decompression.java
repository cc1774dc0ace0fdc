// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Locale;

/// How a blob is compressed, told by its first bytes: media types of real registries are not always right.
public enum Decompression {
    GZIP,
    ZSTD,
    NONE;

    /// As many bytes as [#detect] looks at.
    public static final int MAGIC_BYTES = 4;

    /// @param head the first bytes of the blob, fewer than [#MAGIC_BYTES] when it is shorter
    public static Decompression detect(byte[] head) {
        return detect(ByteBuffer.wrap(head));
    }

    static Decompression detect(ByteBuffer head) {
        int at = head.position();
        if (head.remaining() >= 3 && head.get(at) == 0x1f && head.get(at + 1) == (byte) 0x8b && head.get(at + 2) == 8) {
            return GZIP;
        }
        if (head.remaining() >= 4) {
            int magic = Integer.reverseBytes(head.slice(at, 4).getInt());
            // a frame, or a skippable frame before the first one (RFC 8878, section 3.1)
            if (magic == 0xFD2FB528 || (magic & 0xFFFF_FFF0) == 0x184D2A50) {
                return ZSTD;
            }
        }
        return NONE;
    }

    /// Refuses media types that say what no decoder here can read; anything else is left to the magic.
    ///
    /// @throws KelpException UNSUPPORTED for encrypted layers and other compressions
    static void checkMediaType(String mediaType) {
        String type = mediaType.toLowerCase(Locale.ROOT);
        if (type.endsWith("+encrypted")) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "unpack layer: `" + mediaType + "` is encrypted");
        }
        for (String other : new String[] {"+xz", ".xz", "+bzip2", ".bzip2", "+lz4", ".lz4"}) {
            if (type.endsWith(other)) {
                throw new KelpException(
                        ErrorKind.UNSUPPORTED,
                        "unpack layer: the compression of `" + mediaType + "` is neither gzip nor zstd nor none");
            }
        }
    }

    /// A stream of the uncompressed bytes of `in`, whatever its compression; closing it closes `in`.
    ///
    /// @param limits its uncompressed bytes and window size apply
    /// @throws KelpException while reading: DATA_LOSS for a damaged stream, RESOURCE_EXHAUSTED beyond a limit
    public static InputStream open(InputStream in, UnpackLimits limits) throws IOException {
        return new DecompressedStream(in, limits);
    }

    static Decoder decoder(CompressedInput in, UnpackLimits limits) throws IOException {
        in.fill(MAGIC_BYTES);
        return switch (detect(in.buffer())) {
            case GZIP -> new GzipDecoder(in);
            case ZSTD -> new ZstdDecoder(in, limits.windowBytes());
            case NONE -> new PlainDecoder(in);
        };
    }

    static KelpException tooLarge(UnpackLimits limits) {
        return new KelpException(
                ErrorKind.RESOURCE_EXHAUSTED,
                "decompress: the stream has more than " + limits.uncompressedBytes() + " bytes");
    }

    private record PlainDecoder(CompressedInput in) implements Decoder {
        @Override
        public void decode(ByteBuffer out) throws IOException {
            while (out.hasRemaining() && (in.buffer().hasRemaining() || in.more())) {
                ByteBuffer b = in.buffer();
                int n = Math.min(out.remaining(), b.remaining());
                out.put(b.slice(b.position(), n));
                b.position(b.position() + n);
            }
        }

        @Override
        public void close() {}
    }
}
