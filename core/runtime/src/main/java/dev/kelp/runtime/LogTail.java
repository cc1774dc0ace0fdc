// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Optional;

/// Finds where the last lines of a log begin, reading from its end in blocks: the size of the log does not matter.
final class LogTail {
    private static final int BLOCK_BYTES = 64 << 10;

    private final ContainerLog.Options options;
    private FileChannel channel;
    private int wanted;
    /// Whether a line of the container's output that ends later than what was looked at has begun to be counted.
    private boolean open;

    private int part;
    private Start start;

    /// Where to read from.
    ///
    /// @param part index of the file
    record Start(int part, long position) {}

    private LogTail(List<FileChannel> parts, ContainerLog.Options options) throws IOException {
        this.channel = parts.getLast();
        this.options = options;
        this.wanted = options.tail();
        this.start = new Start(parts.size() - 1, channel.size());
    }

    /// The very beginning without a `tail`.
    ///
    /// @param parts of one log, the oldest first, at least one
    static Start start(List<FileChannel> parts, ContainerLog.Options options) throws IOException {
        if (options.tail() < 0) {
            return new Start(0, 0);
        }
        LogTail tail = new LogTail(parts, options);
        for (tail.part = parts.size() - 1; tail.part >= 0 && options.tail() > 0; tail.part--) {
            tail.channel = parts.get(tail.part);
            if (!tail.search(tail.channel.size())) {
                break;
            }
        }
        return tail.start;
    }

    /// Lines are taken from the last one back. `tail` holds the first bytes of a line whose beginning lies in an
    /// earlier block; only its head matters, so what is over the limit is dropped at the far end.
    ///
    /// @return whether more lines are wanted than there are in this file
    private boolean search(long end) throws IOException {
        ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES);
        byte[] rest = new byte[0];
        long at = end;
        while (at > 0) {
            int length = (int) Math.min(BLOCK_BYTES, at);
            at -= length;
            read(block, at, length);
            byte[] bytes = block.array();
            int lineEnd = length;
            for (int i = length - 1; i >= 0; i--) {
                if (bytes[i] != '\n') {
                    continue;
                }
                if (!line(join(bytes, i + 1, lineEnd, rest), at + i + 1)) {
                    return false;
                }
                rest = new byte[0];
                lineEnd = i;
            }
            rest = join(bytes, 0, lineEnd, rest);
        }
        return line(rest, 0);
    }

    private void read(ByteBuffer block, long at, int length) throws IOException {
        block.clear().limit(length);
        while (block.hasRemaining()) {
            if (channel.read(block, at + block.position()) < 0) {
                break;
            }
        }
    }

    private static byte[] join(byte[] bytes, int from, int to, byte[] rest) {
        int head = Math.min(to - from, ContainerLog.LINE_BYTES_MAX);
        int more = Math.min(rest.length, ContainerLog.LINE_BYTES_MAX - head);
        byte[] joined = new byte[head + more];
        System.arraycopy(bytes, from, joined, 0, head);
        System.arraycopy(rest, 0, joined, head, more);
        return joined;
    }

    /// Counts a line that begins at `position`; false when enough are counted. The pieces before an `F` belong to
    /// its
    /// line, so the line before is recognised only by its own `F`.
    private boolean line(byte[] bytes, long position) {
        Optional<LogLine> parsed = LogLine.parse(bytes, 0, bytes.length);
        if (parsed.isEmpty() || !(parsed.get().stderr() ? options.stderr() : options.stdout())) {
            return true;
        }
        if (parsed.get().whole() || !open) {
            if (wanted == 0) {
                return false;
            }
            wanted--;
            open = true;
        }
        start = new Start(part, position);
        return true;
    }
}
