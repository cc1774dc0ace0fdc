// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.api;

import dev.kelp.model.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

/// A request or an answer of HTTP/1.1 (RFC 9112) in the little that this API needs: one on a connection, with a body of
/// known length or until its end.
///
/// @param startLine of a request or a status
public record HttpMessage(String startLine, byte[] body) {
    static final int HEAD_BYTES_MAX = 16 << 10;

    /// What a client may send: one port.
    static final int REQUEST_BYTES_MAX = 64 << 10;

    /// What a server may answer: all ports there can be.
    static final int ANSWER_BYTES_MAX = 16 << 20;

    private static final int READ_BYTES = 16 << 10;
    private static final String LENGTH = "content-length:";
    private static final String CHUNKED = "transfer-encoding:";

    /// With a document.
    ///
    /// @param status with its reason
    public static HttpMessage answer(String status, Object document) {
        return new HttpMessage("HTTP/1.1 " + status, OciJson.write(document));
    }

    public static HttpMessage empty(String status) {
        return new HttpMessage("HTTP/1.1 " + status, new byte[0]);
    }

    public static HttpMessage error(int status, String message) {
        String reason = switch (status) {
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            default -> "Bad Request";
        };
        return answer(status + " " + reason, Map.of("message", message));
    }

    /// @param bodyMax bytes of a body
    /// @throws IOException when it is malformed, too long or ends too early
    static HttpMessage read(InputStream in, int bodyMax) throws IOException {
        Received received = new Received(in);
        int head = -1;
        while (head < 0) {
            if (received.count > HEAD_BYTES_MAX || !received.more()) {
                throw new IOException("the head of an HTTP message is cut off or longer than " + HEAD_BYTES_MAX);
            }
            int end = received.text(0).indexOf("\r\n\r\n");
            head = end < 0 || end > HEAD_BYTES_MAX ? -1 : end + 4;
        }
        String text = received.text(0).substring(0, head);
        String startLine = text.lines().findFirst().orElse("");
        boolean untilEnd = startLine.startsWith("HTTP/");
        int length = untilEnd ? bodyMax : 0;
        boolean chunked = false;
        for (String line : text.split("\r?\n")) {
            String lower = line.toLowerCase(Locale.ROOT);
            if (lower.startsWith(LENGTH)) {
                length = length(lower.substring(LENGTH.length()).strip(), bodyMax);
                untilEnd = false;
            }
            chunked |= lower.startsWith(CHUNKED) && lower.contains("chunked");
        }
        if (chunked) {
            while (!endsChunks(received.text(head)) && received.count - head <= bodyMax && received.more()) {
                // until all are there
            }
            if (received.count - head > bodyMax) {
                throw new IOException("an HTTP body in chunks is longer than " + bodyMax);
            }
            return new HttpMessage(startLine, joined(received.text(head)));
        }
        while (received.count - head < length && received.more()) {
            // until all of it is there
        }
        if (received.count - head < length && !untilEnd) {
            throw new IOException("an HTTP body of " + length + " bytes ends after " + (received.count - head));
        }
        return new HttpMessage(
                startLine, Arrays.copyOfRange(received.bytes, head, Math.min(received.count, head + length)));
    }

    /// What has come so far.
    private static final class Received {
        private final InputStream in;
        private byte[] bytes = new byte[READ_BYTES];
        private int count;

        Received(InputStream in) {
            this.in = in;
        }

        /// Waits for more; false at the end.
        boolean more() throws IOException {
            if (count == bytes.length) {
                bytes = Arrays.copyOf(bytes, 2 * count);
            }
            int n = in.read(bytes, count, bytes.length - count);
            count += Math.max(n, 0);
            return n >= 0;
        }

        String text(int from) {
            return new String(bytes, from, count - from, StandardCharsets.ISO_8859_1);
        }
    }

    private static int length(String digits, int max) throws IOException {
        if (!digits.matches("\\d{1,9}") || Integer.parseInt(digits) > max) {
            throw new IOException("an HTTP body of " + digits + " bytes, " + max + " at most");
        }
        return Integer.parseInt(digits);
    }

    private static boolean endsChunks(String text) {
        return text.startsWith("0\r\n") || text.contains("\r\n0\r\n");
    }

    private static byte[] joined(String text) throws IOException {
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
