// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Mounts;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/// Makes a folder writable: a tmpfs covers it, what was there is mounted in a hidden folder inside, and each entry is a
/// symbolic link to the original, or a copy of the link it was. Removing an entry removes the link.
final class CopyUp {
    private CopyUp() {}

    /// In the mount namespace of the calling thread.
    static void apply(Path folder) throws IOException {
        Path real = folder.toRealPath();
        // The copy is taken before it is covered, and put below what covers it.
        try (Fd original = Mounts.cloneTree(Fd.CWD, real.toString(), true)) {
            Mounts.mount("none", real.toString(), "tmpfs", 0, "mode=0755");
            Path below = Files.createTempDirectory(real, ".ro");
            Mounts.attach(original, Fd.CWD, below.toString());
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(below)) {
                for (Path entry : entries) {
                    link(real, below, entry);
                }
            }
        }
    }

    private static void link(Path folder, Path below, Path entry) throws IOException {
        boolean isLink = Files.isSymbolicLink(entry);
        Path target = isLink
                ? Files.readSymbolicLink(entry)
                : folder.relativize(below).resolve(entry.getFileName());
        Path link = folder.resolve(entry.getFileName());
        // mount(8) elsewhere may have made an /etc/mtab in between
        if (Files.exists(link, LinkOption.NOFOLLOW_LINKS)) {
            Files.delete(link);
        }
        Files.createSymbolicLink(link, target);
    }
}
