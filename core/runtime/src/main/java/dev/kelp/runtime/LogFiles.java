// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The parts of a log: the file that conmon writes, and what it wrote before, `LOG.1` and so on to the oldest.
final class LogFiles {
    /// How many older parts there may be.
    static final int OLDER_MAX = 99;

    private LogFiles() {}

    /// @param key names the file as long as it exists, whatever it is called
    record Part(FileChannel channel, String key) {}

    static Path older(Path log, int number) {
        return log.resolveSibling(log.getFileName() + "." + number);
    }

    /// Device and inode; empty when there is no such file.
    static Optional<String> key(Path file) throws IOException {
        try {
            return Optional.of(String.valueOf(
                    Files.readAttributes(file, BasicFileAttributes.class).fileKey()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /// Opens all parts, the oldest first. The newest is looked at first, as parts only ever move to higher numbers;
    /// one
    /// that is met twice on its way is taken once.
    static List<Part> open(Path log) throws IOException {
        List<Part> found = new ArrayList<>();
        try {
            add(log, found);
            int missing = 0;
            for (int i = 1; i <= OLDER_MAX && missing < 2; i++) {
                missing = add(older(log, i), found) ? 0 : missing + 1;
            }
        } catch (IOException e) {
            close(found);
            throw e;
        }
        return new ArrayList<>(found.reversed());
    }

    private static boolean add(Path file, List<Part> found) throws IOException {
        try {
            Optional<String> key = key(file);
            FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
            // a file that got the name in between is met again under the next
            if (key.isEmpty() || !key.equals(key(file)) || found.stream().anyMatch(p -> p.key.equals(key.get()))) {
                channel.close();
                return true;
            }
            found.add(new Part(channel, key.get()));
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    static void close(List<Part> parts) throws IOException {
        for (Part p : parts) {
            p.channel.close();
        }
    }
}
