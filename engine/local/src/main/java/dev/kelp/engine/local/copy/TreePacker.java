// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Stat;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.diff.ShownOwners;
import dev.kelp.snapshot.diff.TarWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;

/// Writes a file or a tree of a container as a tar.
final class TreePacker {
    private static final int DEPTH_MAX = 512;
    private static final int BUFFER_BYTES = 256 << 10;

    private final TarWriter tar;
    private final ShownOwners owners;
    private final byte[] buffer = new byte[BUFFER_BYTES];

    TreePacker(OutputStream out, ShownOwners owners) {
        this.owners = owners;
        this.tar = new TarWriter(out);
    }

    /// @param as its name in the archive; empty: `./`
    void pack(Folder folder, String name, String as) throws IOException {
        Stat stat = folder.stat(name).orElseThrow(() -> KelpException.notFound("`" + folder.path(name) + "` is gone"));
        pack(folder, name, stat, as, 0);
        tar.end();
    }

    private void pack(Folder folder, String name, Stat stat, String path, int depth) throws IOException {
        FileData.checkInterrupted();
        switch (stat.type()) {
            case Stat.S_IFREG -> file(folder, name, path);
            case Stat.S_IFLNK -> begin(path, '2', folder.link(name), 0, stat);
            case Stat.S_IFIFO -> begin(path, '6', "", 0, stat);
            case Stat.S_IFDIR -> {
                if (depth > DEPTH_MAX) {
                    throw new KelpException(
                            ErrorKind.RESOURCE_EXHAUSTED,
                            "`" + folder.path(name) + "` is more than " + DEPTH_MAX + " folders deep");
                }
                begin(path.isEmpty() ? "./" : path + "/", '5', "", 0, stat);
                try (Folder below = folder.folder(name)) {
                    for (String child : below.names()) {
                        var s = below.stat(child);
                        if (s.isPresent()) {
                            pack(below, child, s.get(), path.isEmpty() ? child : path + "/" + child, depth + 1);
                        }
                    }
                }
            }
            default -> {
                // sockets mean nothing elsewhere, and device nodes cannot be made without privilege
            }
        }
    }

    private void begin(String path, char type, String link, long size, Stat stat) throws IOException {
        long seconds = Math.floorDiv(stat.modifiedNanos(), 1_000_000_000L);
        tar.begin(new TarWriter.Header(path, type, link, size, owners.of(stat), seconds, Map.of()));
    }

    /// A file that becomes shorter meanwhile is filled up with zeros.
    private void file(Folder folder, String name, String path) throws IOException {
        Fd fd = folder.read(name);
        try (InputStream in = Pipes.input(fd)) {
            Stat now = Inodes.stat(fd);
            if (!now.isRegular()) {
                return;
            }
            begin(path, '0', "", now.sizeBytes(), now);
            for (int n = 0; n >= 0 && tar.left() > 0; n = in.read(buffer)) {
                tar.write(buffer, n);
                FileData.checkInterrupted();
            }
            byte[] zeros = new byte[tar.left() == 0 ? 0 : BUFFER_BYTES];
            while (tar.left() > 0) {
                tar.write(zeros, zeros.length);
            }
        }
    }
}
