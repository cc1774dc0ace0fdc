// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever comes in, the readers end, within their limits, with a result or an engine error. Without JAZZER_FUZZ
/// the seeds alone run, each also with single bytes changed.
final class LayerFuzzTest {
    private static final UnpackLimits LIMITS = new UnpackLimits(1000, 4096, 65_536, 1 << 20, 4 << 20, 1 << 20);

    static java.util.stream.Stream<Arguments> tars() throws IOException {
        byte[] tar = new TarBuilder()
                .pax("SCHILY.xattr.user.a", "b")
                .pax("mtime", "1.5")
                .file("a", "content")
                .extended('L', TarBuilder.bytes("long\0"))
                .directory("d/")
                .symlink("s", "a")
                .link("l", "a")
                .node("f", '6')
                .end();
        return seeds(tar);
    }

    static java.util.stream.Stream<Arguments> blobs() throws IOException {
        byte[] small = DecompressionTest.compressible(5000);
        return java.util.stream.Stream.concat(
                seeds(DecompressionTest.gzip(small)), seeds(com.github.luben.zstd.Zstd.compress(small)));
    }

    private static java.util.stream.Stream<Arguments> seeds(byte[] valid) {
        java.util.Random random = new java.util.Random(7);
        return java.util.stream.Stream.iterate(0, i -> i + 1).limit(400).map(i -> {
            byte[] b = valid.clone();
            for (int n = i % 4; n > 0; n--) {
                b[random.nextInt(b.length)] = (byte) random.nextInt();
            }
            return Arguments.of((Object) (i % 5 == 4 ? java.util.Arrays.copyOf(b, random.nextInt(b.length)) : b));
        });
    }

    @MethodSource("tars")
    @FuzzTest
    void tar(byte[] data) throws IOException {
        try {
            TarReaderTest.read(data, LIMITS, 700);
        } catch (KelpException e) {
            // refused, as it should be
        }
    }

    @MethodSource("blobs")
    @FuzzTest
    void compressed(byte[] data) throws IOException {
        try (InputStream in = Decompression.open(new ByteArrayInputStream(data), LIMITS)) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        } catch (KelpException e) {
            // refused, as it should be
        }
    }

    @FuzzTest
    void path(FuzzedDataProvider data) {
        String path = data.consumeRemainingAsString();
        try {
            String clean = LayerPath.clean(path);
            for (String part : clean.split("/", -1)) {
                if (part.equals("..") || part.equals(".") || (part.isEmpty() && !clean.isEmpty())) {
                    throw new AssertionError("`" + path + "` became `" + clean + "`");
                }
            }
        } catch (KelpException e) {
            // leaves the root
        }
    }
}
