// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.NativeBuffer;
import dev.kelp.model.Digest;
import dev.kelp.snapshot.LayerTarget;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/// Prints how fast layers are read, for people who change the readers: `main BLOB SCRATCH`. Run it where it may
/// chown.
final class LayerBenchmark {
    private static final int ROUNDS = 4;

    private interface Work {
        long bytes() throws Exception;
    }

    private LayerBenchmark() {}

    public static void main(String[] args) throws Exception {
        Path blob = Path.of(args[0]);
        Path scratch = Path.of(args[1]);
        measure("GZIPInputStream", scratch, () -> drain(new GZIPInputStream(Files.newInputStream(blob), 64 << 10)));
        measure(
                "Decompression.open",
                scratch,
                () -> drain(Decompression.open(Files.newInputStream(blob), UnpackLimits.DEFAULT)));
        measure(
                "+ sha256, one thread",
                scratch,
                () -> hash(Decompression.open(Files.newInputStream(blob), UnpackLimits.DEFAULT)));
        measure("+ TarReader", scratch, () -> readTar(blob));
        measure("+ commons-compress", scratch, () -> commons(blob));
        measure("unpack, one thread, no sha256", scratch, () -> unpack(blob, scratch));
        measure("LayerApplication", scratch, () -> apply(blob, scratch));
    }

    private static void measure(String what, Path scratch, Work work) throws Exception {
        StringBuilder line = new StringBuilder(String.format("%-32s", what));
        for (int i = 0; i < ROUNDS; i++) {
            fresh(scratch);
            long start = System.nanoTime();
            long cpu = cpuMillis();
            long bytes = work.bytes();
            double seconds = (System.nanoTime() - start) / 1e9;
            line.append(String.format(
                    Locale.ROOT,
                    " %4.0f MB/s %4.1f s, cpu %4.1f s |",
                    bytes / seconds / 1e6,
                    seconds,
                    (cpuMillis() - cpu) / 1e3));
        }
        System.out.println(line);
    }

    /// On a machine others use too, this says more than the time.
    private static long cpuMillis() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toMillis();
    }

    private static long drain(InputStream in) throws IOException {
        try (in) {
            byte[] b = new byte[256 << 10];
            long total = 0;
            for (int n = in.read(b); n >= 0; n = in.read(b)) {
                total += n;
            }
            return total;
        }
    }

    private static long hash(InputStream in) throws IOException {
        MessageDigest sha = Digest.newSha256();
        try (in) {
            byte[] b = new byte[256 << 10];
            long total = 0;
            for (int n = in.read(b); n >= 0; n = in.read(b)) {
                sha.update(b, 0, n);
                total += n;
            }
            return total;
        }
    }

    private static long readTar(Path blob) throws IOException {
        long[] total = {0};
        try (InputStream in = Decompression.open(Files.newInputStream(blob), UnpackLimits.DEFAULT);
                NativeBuffer memory = new NativeBuffer(256 << 10)) {
            byte[] b = new byte[256 << 10];
            TarReader tar = new TarReader(
                    () -> {
                        int n = in.read(b);
                        total[0] += Math.max(0, n);
                        return n < 0
                                ? null
                                : memory.bytes().clear().put(b, 0, n).flip();
                    },
                    UnpackLimits.DEFAULT);
            while (tar.next() != null) {
                // headers only
            }
        }
        return total[0];
    }

    private static long commons(Path blob) throws IOException {
        try (TarArchiveInputStream tar = new TarArchiveInputStream(new BufferedInputStream(
                Decompression.open(Files.newInputStream(blob), UnpackLimits.DEFAULT), 256 << 10))) {
            while (tar.getNextEntry() != null) {
                // headers only
            }
            return tar.getBytesRead();
        }
    }

    private static UnpackPolicy policy() {
        return new UnpackPolicy(UnpackLimits.DEFAULT, Ownership.EXACT);
    }

    private static long unpack(Path blob, Path scratch) throws IOException {
        Path target = scratch.resolve("target");
        try (InputStream in = Decompression.open(Files.newInputStream(blob), UnpackLimits.DEFAULT);
                Fd root = Inodes.open(target.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY);
                LayerUnpacker unpacker = new LayerUnpacker(root, LayerTarget.Deletions.OVERLAY, policy())) {
            unpacker.unpack(in);
            return unpacker.report().fileBytes();
        }
    }

    private static long apply(Path blob, Path scratch) throws IOException {
        LayerTarget target = new LayerTarget(scratch.resolve("target"), LayerTarget.Deletions.OVERLAY, List.of());
        return new LayerApplication(policy())
                .apply(Files.newInputStream(blob), "", target)
                .uncompressedBytes();
    }

    private static void fresh(Path scratch) throws IOException {
        try (Fd dir = Inodes.open(scratch.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.removeTree(dir, "target");
            Inodes.mkdir(dir, "target", 0755);
        }
    }
}
