// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Writes a tar archive in the ustar format (tar(5)), which dpkg reads, too. Everything in it belongs to root and has
/// one time, so the same files make the same bytes.
final class TarWriter implements Closeable {
    private static final int BLOCK = 512;
    private static final int NAME_BYTES_MAX = 100;
    private static final int PREFIX_BYTES_MAX = 155;
    private static final int FOLDER_MODE = 0755;
    private static final int LINK_MODE = 0777;

    private final OutputStream out;
    private final long timeSeconds;

    /// @param out closed by [#close]
    TarWriter(OutputStream out, long timeSeconds) {
        this.out = out;
        this.timeSeconds = timeSeconds;
    }

    /// @param name without a slash at its end; folders come before what is in them
    void folder(String name) throws IOException {
        header(name + "/", FOLDER_MODE, 0, '5', "");
    }

    void file(String name, int mode, byte[] content) throws IOException {
        header(name, mode, content.length, '0', "");
        out.write(content);
        pad(content.length);
    }

    void file(String name, int mode, Path content) throws IOException {
        long size = Files.size(content);
        header(name, mode, size, '0', "");
        try (InputStream in = Files.newInputStream(content)) {
            if (in.transferTo(out) != size) {
                throw new IOException(content + " changed while it was read");
            }
        }
        pad(size);
    }

    void link(String name, String target) throws IOException {
        header(name, LINK_MODE, 0, '2', target);
    }

    @Override
    public void close() throws IOException {
        out.write(new byte[2 * BLOCK]);
        out.close();
    }

    private void pad(long size) throws IOException {
        out.write(new byte[(int) Math.floorMod(-size, (long) BLOCK)]);
    }

    private void header(String name, int mode, long size, char kind, String target) throws IOException {
        byte[] header = new byte[BLOCK];
        String prefix = prefix(name);
        put(header, 0, NAME_BYTES_MAX, prefix.isEmpty() ? name : name.substring(prefix.length() + 1));
        put(header, 100, 8, "%07o".formatted(mode));
        put(header, 108, 8, "0000000");
        put(header, 116, 8, "0000000");
        put(header, 124, 12, "%011o".formatted(size));
        put(header, 136, 12, "%011o".formatted(timeSeconds));
        put(header, 148, 8, " ".repeat(8));
        put(header, 156, 1, Character.toString(kind));
        put(header, 157, NAME_BYTES_MAX, target);
        put(header, 257, 8, "ustar\0" + "00");
        put(header, 265, 32, "root");
        put(header, 297, 32, "root");
        put(header, 345, PREFIX_BYTES_MAX, prefix);
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        put(header, 148, 8, "%06o\0 ".formatted(sum));
        out.write(header);
    }

    /// What of a long name goes into the other field: folders, without the slash behind them.
    private static String prefix(String name) throws IOException {
        if (bytes(name).length <= NAME_BYTES_MAX) {
            return "";
        }
        for (int slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
            String rest = name.substring(slash + 1);
            if (!rest.isEmpty() && bytes(rest).length <= NAME_BYTES_MAX && slash <= PREFIX_BYTES_MAX) {
                return name.substring(0, slash);
            }
        }
        throw new IOException("the name is too long for an archive: " + name);
    }

    private static void put(byte[] header, int at, int bytesMax, String text) throws IOException {
        byte[] bytes = bytes(text);
        if (bytes.length > bytesMax) {
            throw new IOException("too long for an archive: " + text);
        }
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
