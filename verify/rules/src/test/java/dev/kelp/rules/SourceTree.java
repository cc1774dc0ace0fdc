// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The files of the checkout that people write: no build output, nothing of git.
final class SourceTree {
    static final Path ROOT = Path.of(System.getProperty("kelp.checkout"));

    private static final List<Path> FILES = walk();

    private SourceTree() {}

    static List<Path> files() {
        return FILES;
    }

    static List<Path> files(String... endings) {
        return FILES.stream()
                .filter(file -> Stream.of(endings).anyMatch(file.toString()::endsWith))
                .toList();
    }

    static List<Path> java() {
        return files(".java");
    }

    static List<String> lines(Path file) {
        return read(file).lines().toList();
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException("read " + file, e);
        }
    }

    /// How a finding names a place.
    static String place(Path file, int line) {
        return ROOT.relativize(file) + ":" + line;
    }

    private static List<Path> walk() {
        try (Stream<Path> paths = Files.walk(ROOT)) {
            return paths.filter(Files::isRegularFile)
                    .filter(path -> {
                        String name = "/" + ROOT.relativize(path);
                        return !name.contains("/target/") && !name.startsWith("/.git/") && !name.equals("/.git");
                    })
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("walk " + ROOT, e);
        }
    }
}
