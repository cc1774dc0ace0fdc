// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dns;

import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The host's name servers, resolv.conf(5). Read again when the file changed.
final class Upstreams {
    private static final int PORT = 53;
    private static final int FILE_BYTES_MAX = 64 << 10;

    /// As the C library has it (MAXNS).
    private static final int SERVERS_MAX = 3;

    private static final long LOOK_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path file;
    private List<InetSocketAddress> servers = List.of();
    private Version read = Version.NONE;
    private long lookedNanos = System.nanoTime() - LOOK_AGAIN_NANOS;

    /// A file that replaces another may be as old as that.
    private record Version(@Nullable Object file, FileTime changed) {
        static final Version NONE = new Version(null, FileTime.fromMillis(0));

        static Version of(Path path) throws IOException {
            BasicFileAttributes a = Files.readAttributes(path, BasicFileAttributes.class);
            return new Version(a.fileKey(), a.lastModifiedTime());
        }
    }

    Upstreams(Path file) {
        this.file = file;
    }

    /// In the file's order. Without any the host itself is asked, as the C library does.
    List<InetSocketAddress> servers() {
        long now = System.nanoTime();
        if (now - lookedNanos >= LOOK_AGAIN_NANOS) {
            lookedNanos = now;
            look();
        }
        return servers;
    }

    private void look() {
        List<InetSocketAddress> found = new ArrayList<>();
        try {
            Version present = Version.of(file);
            if (present.equals(read)) {
                return;
            }
            read = present;
            try (InputStream in = Files.newInputStream(file)) {
                String text = new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8);
                text.lines().forEach(line -> take(line, found));
            }
        } catch (IOException e) {
            read = Version.NONE;
        }
        servers = found.isEmpty()
                ? List.of(new InetSocketAddress(Subnet.parseAddress("127.0.0.1"), PORT))
                : List.copyOf(found);
    }

    private static void take(String line, List<InetSocketAddress> found) {
        String[] words = line.strip().split("\\s+");
        if (words.length >= 2 && words[0].equals("nameserver") && found.size() < SERVERS_MAX) {
            try {
                // a scoped address ends in %INTERFACE, which only the host's resolver understands
                found.add(new InetSocketAddress(Subnet.parseAddress(words[1].split("%")[0]), PORT));
            } catch (KelpException e) {
                // a line that the C library would skip too
            }
        }
    }
}
