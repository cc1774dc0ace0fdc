// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Writes an ar archive (ar(5)) as deb(5) wants it: short names, everything root's, one time.
final class ArWriter implements Closeable {
    private static final int NAME_CHARS_MAX = 15;

    private final OutputStream out;
    private final long timeSeconds;

    ArWriter(OutputStream out, long timeSeconds) throws IOException {
        this.out = out;
        this.timeSeconds = timeSeconds;
        out.write("!<arch>\n".getBytes(StandardCharsets.US_ASCII));
    }

    void member(String name, byte[] content) throws IOException {
        header(name, content.length);
        out.write(content);
        pad(content.length);
    }

    void member(String name, Path content) throws IOException {
        long size = Files.size(content);
        header(name, size);
        Files.copy(content, out);
        pad(size);
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    private void header(String name, long size) throws IOException {
        if (name.length() > NAME_CHARS_MAX) {
            throw new IOException("the name is too long for an archive: " + name);
        }
        out.write("%-16s%-12d%-6d%-6d%-8s%-10d`\n"
                .formatted(name, timeSeconds, 0, 0, "100644", size)
                .getBytes(StandardCharsets.US_ASCII));
    }

    /// Each begins at an even place.
    private void pad(long size) throws IOException {
        if (size % 2 == 1) {
            out.write('\n');
        }
    }
}
