// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.runtime.ContainerLog.Entry;
import dev.kelp.runtime.LogFiles.Part;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Reads a log once, piece by piece, from a position that can be kept, through all its files. For one thread.
public final class LogCursor {
    /// Holds more than one line of any length that conmon writes.
    private static final int BLOCK_BYTES = 256 << 10;

    private final Path log;
    private Position position;
    private boolean lost;

    /// Before which byte of which file. The empty file name is the beginning of the oldest.
    public record Position(String file, long offset) {
        public static final Position BEGINNING = new Position("", 0);
    }

    public LogCursor(Path log, Position from) {
        this.log = log;
        this.position = from;
    }

    /// Where the next piece begins.
    public Position position() {
        return position;
    }

    /// Whether the file it was in had gone when it was to go on: what was behind it is lost.
    public boolean hasLost() {
        return lost;
    }

    /// The next entries; empty when all whole lines were given.
    public List<Entry> next() {
        try {
            List<Part> parts = LogFiles.open(log);
            try {
                return next(parts);
            } finally {
                LogFiles.close(parts);
            }
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "read the log " + log + ": " + e.getMessage(), e);
        }
    }

    private List<Entry> next(List<Part> parts) throws IOException {
        if (parts.isEmpty()) {
            return List.of();
        }
        int at = parts.stream().map(Part::key).toList().indexOf(position.file());
        if (at < 0) {
            lost |= !position.file().isEmpty();
            at = 0;
            position = new Position(parts.getFirst().key(), 0);
        }
        byte[] block = new byte[BLOCK_BYTES];
        while (true) {
            Part part = parts.get(at);
            int length = read(part, block);
            int end = lastNewline(block, length);
            if (end > 0 || length == block.length) {
                // a block without a newline is none of conmon's lines
                position = new Position(part.key(), position.offset() + (end > 0 ? end : length));
                List<Entry> entries = entries(block, end);
                if (!entries.isEmpty()) {
                    return entries;
                }
            } else if (at + 1 < parts.size()) {
                at++;
                position = new Position(parts.get(at).key(), 0);
            } else {
                return List.of();
            }
        }
    }

    private int read(Part part, byte[] block) throws IOException {
        ByteBuffer into = ByteBuffer.wrap(block);
        while (into.hasRemaining()) {
            if (part.channel().read(into, position.offset() + into.position()) < 0) {
                break;
            }
        }
        return into.position();
    }

    /// The index after it; 0 when there is none.
    private static int lastNewline(byte[] block, int length) {
        for (int i = length; i > 0; i--) {
            if (block[i - 1] == '\n') {
                return i;
            }
        }
        return 0;
    }

    private static List<Entry> entries(byte[] block, int end) {
        List<Entry> entries = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < end; i++) {
            if (block[i] == '\n') {
                Optional<LogLine> line = LogLine.parse(block, from, i);
                int to = line.isPresent() && line.get().whole() ? i + 1 : i;
                line.ifPresent(l -> entries.add(new Entry(
                        l.time(), l.stderr(), Arrays.copyOfRange(block, l.dataAt(), Math.max(l.dataAt(), to)))));
                from = i + 1;
            }
        }
        return entries;
    }
}
