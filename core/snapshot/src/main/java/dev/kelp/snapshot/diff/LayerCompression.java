// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;

/// How layers are packed. The same bytes in give the same bytes out.
public enum LayerCompression {
    NONE(0),
    GZIP(6),
    ZSTD(3);

    private static final int BUFFER_BYTES = 64 << 10;

    private final int levelDefault;

    LayerCompression(int levelDefault) {
        this.levelDefault = levelDefault;
    }

    /// At the level that the program of that name uses.
    public OutputStream open(OutputStream out) throws IOException {
        return open(out, levelDefault);
    }

    /// A stream that packs into `out` and closes it with itself.
    ///
    /// @param level gzip 1 to 9, zstd 1 to 22
    public OutputStream open(OutputStream out, int level) throws IOException {
        return switch (this) {
            case NONE -> out;
            case GZIP -> new Gzip(out, level);
            case ZSTD -> new ZstdOutputStream(out, level);
        };
    }

    /// GZIPOutputStream has no level of its own.
    private static final class Gzip extends GZIPOutputStream {
        Gzip(OutputStream out, int level) throws IOException {
            super(out, BUFFER_BYTES);
            def.setLevel(Math.clamp(level, Deflater.BEST_SPEED, Deflater.BEST_COMPRESSION));
        }
    }
}
