// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.api;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/// A request or an answer of HTTP/1.1 (RFC 9112) in the little that this API needs: one on a connection, with a body of
/// known length or until its end.
///
/// @param startLine of a request or a status
record HttpMessage(String startLine, byte[] body) {
    /// Limits of what a client may send.
    static final int HEAD_BYTES_MAX = 16 << 10;

    static final int BODY_BYTES_MAX = 64 << 10;
    private static final String LENGTH = "content-length:";
    private static final String CHUNKED = "transfer-encoding:";

    /// @throws IOException when it is malformed, too long or ends too early
    static HttpMessage read(SocketChannel channel) throws IOException {
        InputStream in = Channels.newInputStream(channel);
        byte[] bytes = new byte[HEAD_BYTES_MAX + BODY_BYTES_MAX];
        int read = 0;
        int head = -1;
        while (head < 0) {
            int n = read > HEAD_BYTES_MAX ? -1 : in.read(bytes, read, bytes.length - read);
            if (n < 0) {
                throw new IOException("the head of an HTTP message is cut off or longer than " + HEAD_BYTES_MAX);
            }
            read += n;
            int end = text(bytes, 0, read).indexOf("\r\n\r\n");
            head = end < 0 ? -1 : end + 4;
        }
        String[] lines = text(bytes, 0, head).split("\r?\n");
        int length = lines[0].startsWith("HTTP/") ? BODY_BYTES_MAX : 0;
        boolean chunked = false;
        for (String line : lines) {
            String lower = line.toLowerCase(Locale.ROOT);
            if (lower.startsWith(LENGTH)) {
                length = length(lower.substring(LENGTH.length()).strip());
            }
            chunked |= lower.startsWith(CHUNKED) && lower.contains("chunked");
        }
        int n = 0;
        while (n >= 0
                && read < bytes.length
                && (chunked ? !endsChunks(text(bytes, head, read - head)) : read - head < length)) {
            n = in.read(bytes, read, bytes.length - read);
            read += Math.max(n, 0);
        }
        byte[] rest = Arrays.copyOfRange(bytes, head, read);
        return new HttpMessage(lines[0], chunked ? joined(rest) : rest);
    }

    private static String text(byte[] bytes, int from, int count) {
        return new String(bytes, from, count, StandardCharsets.ISO_8859_1);
    }

    private static int length(String digits) throws IOException {
        if (!digits.matches("\\d{1,6}") || Integer.parseInt(digits) > BODY_BYTES_MAX) {
            throw new IOException("an HTTP body of " + digits + " bytes, " + BODY_BYTES_MAX + " at most");
        }
        return Integer.parseInt(digits);
    }

    private static boolean endsChunks(String text) {
        return text.startsWith("0\r\n") || text.contains("\r\n0\r\n");
    }

    private static byte[] joined(byte[] chunks) throws IOException {
        String text = new String(chunks, StandardCharsets.ISO_8859_1);
        StringBuilder all = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            int line = text.indexOf("\r\n", at);
            String size = line < 0 ? "" : text.substring(at, line).split(";")[0].strip();
            if (!size.matches("[0-9A-Fa-f]{1,5}")) {
                throw new IOException("a malformed chunk of an HTTP body");
            }
            int bytes = Integer.parseInt(size, 16);
            if (bytes == 0) {
                break;
            }
            if (line + 2 + bytes > text.length()) {
                throw new IOException("a chunk of an HTTP body is cut off");
            }
            all.append(text, line + 2, line + 2 + bytes);
            at = line + 2 + bytes + 2;
        }
        return all.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    void write(SocketChannel channel) throws IOException {
        String host = startLine.startsWith("HTTP/") ? "" : "Host: rootlesskit\r\n";
        String head = startLine + "\r\n" + host + "Content-Type: application/json\r\nContent-Length: " + body.length
                + "\r\nConnection: close\r\n\r\n";
        ByteBuffer out = ByteBuffer.allocate(head.length() + body.length)
                .put(head.getBytes(StandardCharsets.ISO_8859_1))
                .put(body)
                .flip();
        while (out.hasRemaining()) {
            channel.write(out);
        }
    }
}
