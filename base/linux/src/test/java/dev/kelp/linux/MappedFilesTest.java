// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedFilesTest {
    private static final int SIZE = 4 << 20;

    @TempDir
    Path folder;

    @Test
    void forgetsPagesThatAreReadOnlyAndReadsThemAgain() throws IOException {
        Path file = filled();
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file)) {
            MemorySegment mapped = channel.map(MapMode.READ_ONLY, 0, SIZE, arena);
            assertThat(sum(mapped)).isEqualTo(7L * SIZE);
            assertThat(residentKilobytes(file)).isEqualTo(SIZE >> 10);

            assertThat(forget(file)).isEqualTo(SIZE);

            assertThat(residentKilobytes(file)).isZero();
            assertThat(sum(mapped)).isEqualTo(7L * SIZE);
        }
    }

    @Test
    void keepsWhatAMappingHasOfItsOwn() throws IOException {
        Path file = filled();
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment mapped = channel.map(MapMode.PRIVATE, 0, SIZE, arena);
            mapped.set(ValueLayout.JAVA_BYTE, 0, (byte) 9);

            assertThat(forget(file)).isZero();

            assertThat(mapped.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 9);
        }
    }

    private static long forget(Path file) throws IOException {
        return MappedFiles.readOnly(path -> path.equals(file.toString())).forget();
    }

    private Path filled() throws IOException {
        byte[] content = new byte[SIZE];
        Arrays.fill(content, (byte) 7);
        return Files.write(folder.resolve("file"), content).toRealPath();
    }

    private static long sum(MemorySegment mapped) {
        long sum = 0;
        for (long i = 0; i < mapped.byteSize(); i++) {
            sum += mapped.get(ValueLayout.JAVA_BYTE, i);
        }
        return sum;
    }

    private static long residentKilobytes(Path file) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).endsWith(" " + file)) {
                return lines.subList(i, lines.size()).stream()
                        .filter(line -> line.startsWith("Rss:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                        .findFirst()
                        .orElseThrow();
            }
        }
        throw new AssertionError(file + " is not mapped");
    }
}
