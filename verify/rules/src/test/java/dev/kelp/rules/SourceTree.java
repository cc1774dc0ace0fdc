// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// The files of a checkout: text by path relative to its root. What is no text (or longer than a source may be) is
/// there with an empty one.
final class SourceTree {
    private static final long MAX_FILE_BYTES = 1 << 20;

    private final Map<String, String> files;
    private List<JavaSource> java;

    private SourceTree(Map<String, String> files) {
        this.files = new TreeMap<>(files);
    }

    /// A tree of one file, for counterexamples.
    static SourceTree of(String path, String text) {
        return new SourceTree(Map.of(path, text));
    }

    /// This tree and one more file.
    SourceTree and(String path, String text) {
        Map<String, String> more = new TreeMap<>(files);
        more.put(path, text);
        return new SourceTree(more);
    }

    /// What git knows of below `root` and what it would add; all files but build output where this is no
    /// repository.
    static SourceTree checkout(Path root) throws IOException {
        List<String> paths = Files.exists(root.resolve(".git")) ? tracked(root) : walked(root);
        Map<String, String> files = new TreeMap<>();
        for (String path : paths) {
            Path file = root.resolve(path);
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                files.put(path, text(file));
            }
        }
        return new SourceTree(files);
    }

    private static List<String> tracked(Path root) throws IOException {
        // Who builds need not be who cloned: git refuses other users' repositories unless told.
        Process git = new ProcessBuilder(
                        List.of("git", "-c", "safe.directory=*", "ls-files", "-z", "-c", "-o", "--exclude-standard"))
                .directory(root.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String listed = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (git.waitFor() != 0) {
                throw new IOException("git ls-files in " + root + " failed with " + git.exitValue());
            }
        } catch (InterruptedException e) {
            throw new IOException("interrupted while git listed " + root, e);
        }
        return List.of(listed.split("\0"));
    }

    private static List<String> walked(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.map(root::relativize)
                    .map(Path::toString)
                    .filter(p -> !("/" + p + "/").contains("/target/"))
                    .toList();
        }
    }

    private static String text(Path file) throws IOException {
        try {
            return Files.size(file) > MAX_FILE_BYTES ? "" : Files.readString(file);
        } catch (CharacterCodingException e) {
            return "";
        }
    }

    boolean contains(String path) {
        String folder = path.endsWith("/") ? path : path + "/";
        return files.containsKey(path) || files.keySet().stream().anyMatch(p -> p.startsWith(folder));
    }

    String text(String path) {
        return files.getOrDefault(path, "");
    }

    List<String> paths(Predicate<String> which) {
        return files.keySet().stream().filter(which).toList();
    }

    /// All Java sources, parsed once.
    List<JavaSource> java() {
        if (java == null) {
            Map<String, String> sources = new TreeMap<>(files);
            sources.keySet().removeIf(p -> !p.endsWith(".java"));
            try {
                java = JavaSource.parse(sources);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return java;
    }

    /// What is wrong by line: `message` of each line of the files chosen, null where nothing is.
    List<Finding> lines(Predicate<String> which, LineCheck check) {
        List<Finding> found = new ArrayList<>();
        for (String path : paths(which)) {
            List<String> lines = text(path).lines().toList();
            for (int i = 0; i < lines.size(); i++) {
                String message = check.message(path, lines.get(i));
                if (message != null) {
                    found.add(new Finding(path, i + 1, message));
                }
            }
        }
        return found;
    }

    @FunctionalInterface
    interface LineCheck {
        String message(String path, String line);
    }
}
