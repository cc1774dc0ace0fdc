// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// zstd as in RFC 8878: any number of frames, skippable ones among them (as zstd:chunked and eStargz' kin append).
final class ZstdDecoder implements Decoder {
    private final CompressedInput in;
    private final ZstdDecompressCtx context = new ZstdDecompressCtx();
    private final int windowBytesMax;
    private boolean betweenFrames = true;

    ZstdDecoder(CompressedInput in, int windowBytesMax) {
        this.in = in;
        this.windowBytesMax = windowBytesMax;
        context.setLongMax(31 - Integer.numberOfLeadingZeros(windowBytesMax));
    }

    @Override
    public void decode(ByteBuffer out) throws IOException {
        while (out.hasRemaining()) {
            int room = out.remaining();
            int input = in.buffer().remaining();
            // also without input: the decoder may still hold output that found no room before
            if (input > 0 || !betweenFrames) {
                step(out);
            }
            boolean still = room == out.remaining() && input == in.buffer().remaining();
            if (still && !in.more()) {
                if (!betweenFrames) {
                    throw damaged("ends in the middle of its data", null);
                }
                return;
            }
        }
    }

    private void step(ByteBuffer out) {
        try {
            betweenFrames = context.decompressDirectByteBufferStream(out, in.buffer());
        } catch (ZstdException e) {
            throw damaged("cannot be decoded within " + windowBytesMax + " bytes: " + e.getMessage(), e);
        }
    }

    private static KelpException damaged(String what, @Nullable Throwable cause) {
        return new KelpException(ErrorKind.DATA_LOSS, "decompress: the zstd stream " + what, cause);
    }

    @Override
    public void close() {
        context.close();
    }
}
