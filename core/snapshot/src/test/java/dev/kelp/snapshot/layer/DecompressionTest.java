// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

final class DecompressionTest {
    private static final byte[] PLAIN = compressible(3_000_000);

    static byte[] compressible(int length) {
        byte[] data = new byte[length];
        new Random(42).nextBytes(data);
        for (int i = 0; i < length; i++) {
            data[i] = i % 8 < 5 ? (byte) (i >> 10) : data[i];
        }
        return data;
    }

    static byte[] gzip(byte[] data) throws IOException {
        ByteArrayOutputStream b = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(b)) {
            out.write(data);
        }
        return b.toByteArray();
    }

    private static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream b = new ByteArrayOutputStream();
        for (byte[] p : parts) {
            b.writeBytes(p);
        }
        return b.toByteArray();
    }

    private static byte[] open(byte[] compressed, UnpackLimits limits) throws IOException {
        // a stream that gives little at a time, as a socket does
        InputStream slow = new ByteArrayInputStream(compressed) {
            @Override
            public synchronized int read(byte[] b, int off, int len) {
                return super.read(b, off, Math.min(len, 1021));
            }
        };
        try (InputStream in = Decompression.open(slow, limits)) {
            return in.readAllBytes();
        }
    }

    private static byte[] open(byte[] compressed) throws IOException {
        return open(compressed, UnpackLimits.DEFAULT);
    }

    private static void assertDamaged(byte[] compressed) {
        assertThatThrownBy(() -> open(compressed))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA_LOSS));
    }

    @Test
    void gzipZstdAndPlainAreTold() throws IOException {
        assertThat(Decompression.detect(gzip(PLAIN))).isEqualTo(Decompression.GZIP);
        assertThat(Decompression.detect(Zstd.compress(PLAIN))).isEqualTo(Decompression.ZSTD);
        assertThat(Decompression.detect(PLAIN)).isEqualTo(Decompression.NONE);
        assertThat(Decompression.detect(new byte[0])).isEqualTo(Decompression.NONE);
        assertThat(open(gzip(PLAIN))).isEqualTo(PLAIN);
        assertThat(open(Zstd.compress(PLAIN))).isEqualTo(PLAIN);
        assertThat(open(PLAIN)).isEqualTo(PLAIN);
        assertThat(open(new byte[0])).isEmpty();
        assertThat(open(gzip(new byte[0]))).isEmpty();
        assertThat(open(Zstd.compress(new byte[0]))).isEmpty();
    }

    @Test
    void severalMembersAndFramesAreOneStream() throws IOException {
        byte[] half = Arrays.copyOf(PLAIN, 1_000_000);
        assertThat(open(concat(gzip(half), gzip(new byte[0]), gzip(half)))).isEqualTo(concat(half, half));
        assertThat(open(concat(gzip(half), new byte[700]))).isEqualTo(half);
        byte[] skippable = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3};
        assertThat(open(concat(skippable, Zstd.compress(half), skippable, Zstd.compress(half))))
                .isEqualTo(concat(half, half));
    }

    @Test
    void gzipHeaderFieldsAreSkipped() throws IOException {
        byte[] plain = gzip(PLAIN);
        byte[] header = Arrays.copyOf(plain, 10);
        header[3] = 2 | 4 | 8 | 16;
        byte[] extra = {3, 0, 'a', 'b', 'c', 'n', 'a', 'm', 'e', 0, 'n', 'o', 't', 'e', 0, 9, 9};
        assertThat(open(concat(header, extra, Arrays.copyOfRange(plain, 10, plain.length))))
                .isEqualTo(PLAIN);
    }

    @Test
    void damageAndTruncationAreNoticed() throws IOException {
        byte[] gz = gzip(PLAIN);
        byte[] zs = Zstd.compress(PLAIN);
        for (byte[] whole : new byte[][] {gz, zs}) {
            for (int cut : new int[] {5, 12, whole.length / 2, whole.length - 1}) {
                assertDamaged(Arrays.copyOf(whole, cut));
            }
        }
        byte[] wrongSum = gz.clone();
        wrongSum[gz.length - 6] ^= 1;
        assertDamaged(wrongSum);
        byte[] wrongLength = gz.clone();
        wrongLength[gz.length - 1] ^= 1;
        assertDamaged(wrongLength);
        assertDamaged(concat(gz, new byte[] {1, 2, 3}));
        assertDamaged(concat(zs, new byte[] {1, 2, 3}));
    }

    @Test
    void aBombIsStopped() throws IOException {
        byte[] bomb = gzip(new byte[50_000_000]);
        assertThatThrownBy(() -> open(bomb, UnpackLimits.DEFAULT.withUncompressedBytes(1_000_000)))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.RESOURCE_EXHAUSTED));
    }

    @Test
    void aZstdWindowBeyondTheLimitIsRefused() throws IOException {
        // magic, descriptor without content size, window of 2^(10 + exponent), an empty last block
        byte[] frame = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 0, (byte) (17 << 3), 1, 0, 0};
        assertThat(open(frame)).isEmpty();
        frame[5] = (byte) (18 << 3);
        assertDamaged(frame);
    }
}
