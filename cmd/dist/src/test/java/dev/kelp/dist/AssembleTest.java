// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
}
