// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AssembleTest {
    @Test
    void deletesWhatOverlayfsLeaves(@TempDir Path folder) throws IOException {
        Path tree = folder.resolve("tree");
        Path work = Files.createDirectories(tree.resolve("1/work/work"));
        Path outside = Files.writeString(folder.resolve("outside"), "stays");
        Files.createSymbolicLink(tree.resolve("link"), folder);
        Files.setPosixFilePermissions(work, PosixFilePermissions.fromString("---------"));
        Assemble.delete(tree);
        assertThat(tree).doesNotExist();
        assertThat(outside).hasContent("stays");
        Assemble.delete(tree);
    }

    @Test
    void aTrainingThatFailsIsRepeated(@TempDir Path folder) throws Exception {
        Path cache = folder.resolve("daemon.aot");
        AtomicInteger runs = new AtomicInteger();
        Assemble.train(cache, true, () -> {
            Files.createFile(cache);
            if (runs.incrementAndGet() == 1) {
                throw new IOException("too slow");
            }
        });
        assertThat(runs).hasValue(2);
        assertThat(cache).exists();
    }

    @Test
    void onlyATreeForThisMachineMayLackACache(@TempDir Path folder) throws Exception {
        Path cache = folder.resolve("daemon.aot");
        Assemble.Training fails = () -> {
            Files.createFile(cache);
            throw new IOException("too slow");
        };
        Assemble.train(cache, false, fails);
        assertThat(cache).doesNotExist();
        assertThatThrownBy(() -> Assemble.train(cache, true, fails))
                .isInstanceOf(IOException.class)
                .hasMessage("make the AOT cache daemon.aot: too slow");
        assertThat(cache).doesNotExist();
    }
}
