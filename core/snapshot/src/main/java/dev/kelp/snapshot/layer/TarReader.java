// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.FileNames;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads a tar from blocks: V7, ustar, pax (POSIX.1-2024) and GNU headers with long names and base-256 numbers.
///
/// Contents are handed out as slices of the blocks they arrived in, so nothing is copied on the way to a file.
/// Ambiguous
/// archives are read as Go's archive/tar reads them: data of anything but regular files is none, global pax headers
/// have
/// no effect, GNU long names win over pax paths, an empty pax value means the ustar field. Sparse files are
/// refused.
final class TarReader {
    private static final int RECORD = 512;
    private static final int MAGIC = 257;

    private final BlockSource source;
    private final UnpackLimits limits;
    private final byte[] header = new byte[RECORD];
    private @Nullable ByteBuffer block;
    private long contentLeft;
    private long padding;
    private long entries;

    TarReader(BlockSource source, UnpackLimits limits) {
        this.source = source;
        this.limits = limits;
    }

    /// Headers read so far, extended ones not counted.
    long entries() {
        return entries;
    }

    /// The next member; what is left of the present one's content is skipped. Null at the end of the archive, after
    /// which
    /// the stream may still hold padding.
    @Nullable
    TarEntry next() throws IOException {
        PaxHeader pax = null;
        String longPath = "";
        String longLink = "";
        while (true) {
            skip(contentLeft + padding);
            contentLeft = 0;
            padding = 0;
            if (!readHeader()) {
                return null;
            }
            if (++entries > limits.entries()) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED, "read tar: more than " + limits.entries() + " entries");
            }
            char type = (char) (header[156] & 0xff);
            switch (type) {
                case 'x', 'X' -> pax = PaxHeader.parse(extended(), limits);
                // read for its limits and syntax; its values are not used
                case 'g' -> PaxHeader.parse(extended(), limits);
                case 'L' -> longPath = untilNul(extended());
                case 'K' -> longLink = untilNul(extended());
                case 'V' -> skipContent(number(124, 12));
                default -> {
                    return entry(type, pax, longPath, longLink);
                }
            }
        }
    }

    private TarEntry entry(char flag, @Nullable PaxHeader pax, String longPath, String longLink) {
        String path = ustarPath();
        String link = text(header, 157, end(157, 100));
        long size = number(124, 12);
        long uid = number(108, 8);
        long gid = number(116, 8);
        long modified = nanos(number(136, 12), 0);
        Map<String, byte[]> xattrs = Map.of();
        if (pax != null) {
            path = pax.text("path", path);
            link = pax.text("linkpath", link);
            size = pax.number("size", size);
            uid = pax.number("uid", uid);
            gid = pax.number("gid", gid);
            modified = pax.modifiedNanos(modified);
            xattrs = pax.xattrs();
        }
        path = longPath.isEmpty() ? path : longPath;
        link = longLink.isEmpty() ? link : longLink;
        checkText(path, "path");
        checkText(link, "link target");
        char type = type(flag, path);
        if (uid < 0 || uid >= 0xFFFF_FFFFL || gid < 0 || gid >= 0xFFFF_FFFFL) {
            throw damaged("`" + path + "`", "has the owner " + uid + ":" + gid);
        }
        if (size < 0) {
            throw damaged("`" + path + "`", "has the size " + size);
        }
        if (type == TarEntry.REGULAR) {
            skipContent(size);
        }
        int mode = (int) number(100, 8) & 07777;
        return new TarEntry(path, link, type, contentLeft, mode, uid, gid, modified, xattrs);
    }

    private static char type(char flag, String path) {
        return switch (flag) {
            case '\0' -> path.endsWith("/") ? TarEntry.DIRECTORY : TarEntry.REGULAR;
            case '0', '7' -> TarEntry.REGULAR;
            case '1', '2', '3', '4', '5', '6' -> flag;
            case 'S' -> throw sparse();
            default ->
                throw new KelpException(
                        ErrorKind.UNSUPPORTED, "read tar: `" + path + "` is of the unknown type " + (int) flag);
        };
    }

    /// Declares `size` bytes of content, which the next header comes after.
    private void skipContent(long size) {
        if (size < 0 || size > limits.uncompressedBytes()) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "read tar: an entry of " + size + " bytes; the limit is " + limits.uncompressedBytes());
        }
        contentLeft = size;
        padding = -size & (RECORD - 1);
    }

    /// The next piece of the present member's content, a direct buffer valid until the next call; null at its end.
    @Nullable
    ByteBuffer content() throws IOException {
        if (contentLeft == 0) {
            return null;
        }
        ByteBuffer b = available();
        if (b == null) {
            throw truncated();
        }
        int n = (int) Math.min(contentLeft, b.remaining());
        ByteBuffer piece = b.slice(b.position(), n);
        b.position(b.position() + n);
        contentLeft -= n;
        return piece;
    }

    private @Nullable ByteBuffer available() throws IOException {
        ByteBuffer b = block;
        while (b == null || !b.hasRemaining()) {
            b = source.next();
            if (b == null) {
                return null;
            }
            block = b;
        }
        return b;
    }

    private void skip(long bytes) throws IOException {
        for (long left = bytes; left > 0; ) {
            ByteBuffer b = available();
            if (b == null) {
                throw truncated();
            }
            int n = (int) Math.min(left, b.remaining());
            b.position(b.position() + n);
            left -= n;
        }
    }

    /// Reads the next header record; false at the end: two zero records, or none.
    private boolean readHeader() throws IOException {
        if (!fill(header, true)) {
            return false;
        }
        if (isZero()) {
            if (fill(header, true) && !isZero()) {
                throw damaged("the archive", "goes on after a zero block");
            }
            return false;
        }
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < RECORD; i++) {
            byte b = i >= 148 && i < 156 ? (byte) ' ' : header[i];
            unsigned += b & 0xff;
            signed += b;
        }
        long expected = number(148, 8);
        if (expected != unsigned && expected != signed) {
            throw damaged("a header", "has a wrong checksum");
        }
        return true;
    }

    private boolean fill(byte[] into, boolean endAllowed) throws IOException {
        for (int at = 0; at < into.length; ) {
            ByteBuffer b = available();
            if (b == null) {
                if (at == 0 && endAllowed) {
                    return false;
                }
                throw truncated();
            }
            int n = Math.min(into.length - at, b.remaining());
            b.get(into, at, n);
            at += n;
        }
        return true;
    }

    private boolean isZero() {
        for (byte b : header) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    private byte[] extended() throws IOException {
        long size = number(124, 12);
        if (size < 0 || size > limits.headerBytes()) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "read tar: an extended header of " + size + " bytes; the limit is " + limits.headerBytes());
        }
        byte[] data = new byte[(int) size];
        fill(data, false);
        padding = -size & (RECORD - 1);
        return data;
    }

    private String ustarPath() {
        String name = text(header, 0, end(0, 100));
        boolean posix = header[MAGIC] == 'u' && header[MAGIC + 4] == 'r' && header[MAGIC + 5] == 0;
        if (!posix || header[345] == 0) {
            return name;
        }
        return text(header, 345, end(345, 155)) + "/" + name;
    }

    private int end(int from, int length) {
        int at = from;
        while (at < from + length && header[at] != 0) {
            at++;
        }
        return at;
    }

    /// An octal field, or GNU's base-256 when its first bit is set.
    private long number(int from, int length) {
        if ((header[from] & 0x80) != 0) {
            return base256(from, length);
        }
        int at = from;
        int to = from + length;
        while (at < to && (header[at] == ' ' || header[at] == 0)) {
            at++;
        }
        long value = 0;
        for (; at < to && header[at] != ' ' && header[at] != 0; at++) {
            int digit = header[at] - '0';
            if (digit < 0 || digit > 7) {
                throw damaged("a header", "has a number that is not octal");
            }
            value = value << 3 | digit;
        }
        return value;
    }

    private long base256(int from, int length) {
        // bit 6 of the first byte is the sign
        long value = (header[from] & 0x40) != 0 ? -1 : 0;
        for (int i = 0; i < length; i++) {
            int b = header[from + i] & 0xff;
            if (i == 0) {
                b = value < 0 ? b | 0xffffff80 : b & 0x7f;
                value = b;
                continue;
            }
            if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
                throw damaged("a header", "has a number of more than 63 bits");
            }
            value = value << 8 | b;
        }
        return value;
    }

    private void checkText(String text, String what) {
        int most = limits.pathBytes();
        if (text.length() > most / 3 && text.getBytes(StandardCharsets.UTF_8).length > most) {
            throw damaged("a " + what, "has more than " + limits.pathBytes() + " bytes");
        }
    }

    private static String untilNul(byte[] data) {
        int end = 0;
        while (end < data.length && data[end] != 0) {
            end++;
        }
        return text(data, 0, end);
    }

    /// The text between two offsets; bytes that are not UTF-8 come as [FileNames] says.
    static String text(byte[] data, int from, int to) {
        return FileNames.decode(data, from, to);
    }

    /// Times before the epoch or beyond what nanoseconds in a long can say become the epoch, as in containerd.
    static long nanos(long seconds, long nanos) {
        return seconds < 0 || seconds > Long.MAX_VALUE / 1_000_000_000L - 1 ? 0 : seconds * 1_000_000_000L + nanos;
    }

    static KelpException sparse() {
        return new KelpException(ErrorKind.UNSUPPORTED, "read tar: sparse files are not supported");
    }

    static KelpException damaged(String subject, String what) {
        return KelpException.invalid("read tar: " + subject + " " + what);
    }

    private static KelpException truncated() {
        return new KelpException(ErrorKind.DATA_LOSS, "read tar: the archive ends in the middle of an entry");
    }
}
