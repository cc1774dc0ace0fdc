// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileNamesTest {
    private static final byte[] ODD = {'a', (byte) 0xff, (byte) 0xc3, (byte) 0xa4, (byte) 0xed, (byte) 0xb2, (byte) 0x80
    };

    @Test
    void everyByteSurvives() {
        Random random = new Random(7);
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = new byte[random.nextInt(12)];
            random.nextBytes(bytes);
            assertThat(FileNames.encode(FileNames.decode(bytes))).isEqualTo(bytes);
        }
        assertThat(FileNames.encode(FileNames.decode(ODD))).isEqualTo(ODD);
        assertThat(FileNames.isUtf8(FileNames.decode(ODD))).isFalse();
    }

    @Test
    void utf8IsItself() {
        String name = "ä 漢 😀 \uFFFD";
        assertThat(FileNames.decode(name.getBytes(StandardCharsets.UTF_8))).isEqualTo(name);
        assertThat(FileNames.isUtf8(name)).isTrue();
    }

    @Test
    void filesWithSuchNamesCanBeMadeListedAndRemoved(@TempDir Path folder) throws IOException {
        String odd = FileNames.decode(ODD);
        try (Fd dir = Inodes.open(folder.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            Inodes.mkdir(dir, odd, 0700);
            try (Fd inner = Inodes.open(dir, odd, Inodes.O_RDONLY | Inodes.O_DIRECTORY, 0)) {
                Inodes.symlink(odd, inner, odd + "2");
                assertThat(Inodes.readlink(inner, odd + "2")).isEqualTo(odd);
            }
            assertThat(Inodes.list(dir)).containsExactly(odd);
            Inodes.removeTree(dir, odd);
            assertThat(Inodes.list(dir)).isEmpty();
        }
    }
}
