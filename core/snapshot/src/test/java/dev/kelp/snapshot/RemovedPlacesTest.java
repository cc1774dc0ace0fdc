// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RemovedPlacesTest {
    @TempDir
    private Path folder;

    private final RemovedPlaces places = new RemovedPlaces();

    @Test
    void aDirectoryGetsItsNameWhereverItLies() throws IOException {
        try (Fd dir = Inodes.open(folder.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            for (int i = 0; i < 20; i++) {
                String name = Integer.toString(i);
                places.makeApart(dir, name, 0700);
                places.add(Inodes.stat(dir, name, 0).inode());
                assertThat(folder.toFile().list()).containsExactly(name);
                Inodes.unlink(dir, name, Inodes.AT_REMOVEDIR);
            }
        }
    }

    @Test
    void aSweepTakesWhatACrashLeft() throws IOException {
        Files.createDirectories(folder.resolve("overlayfs/placing-7-2"));
        Files.createDirectories(folder.resolve("overlayfs/removing-8/fs"));
        assertThat(new SnapshotDirectories(folder.resolve("overlayfs")).sweep(java.util.Set::of))
                .isEqualTo(1);
        assertThat(folder.resolve("overlayfs").toFile().list()).isEmpty();
    }
}
