// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The AOT cache `lib/kelpd.aot`: made by one run of the daemon in its training mode, and proved to be used.
final class TrainedCache {
    private static final int RUN_SECONDS_MAX = 120;

    /// Of the classes the training run loads, so many must come from the cache when it is run again; the rest are
    /// classes
    /// made at run time and those of the JVM's own start.
    private static final double SHARE_MIN = 0.8;

    private final Path tree;
    private final Path log;

    private TrainedCache(Path tree) {
        this.tree = tree;
        this.log = tree.resolveSibling("aot.log");
    }

    static void make(Path tree) throws IOException, InterruptedException {
        Path cache = tree.resolve("lib/kelpd.aot");
        new TrainedCache(tree).run(List.of("-XX:AOTCacheOutput=" + cache));
        if (!Files.exists(cache)) {
            throw new IOException("the training run made no AOT cache; see " + tree.resolveSibling("aot.log"));
        }
        Path elsewhere = Files.createTempDirectory("kelp-moved-");
        try {
            Assemble.copyTree(tree, elsewhere.resolve("tree"));
            prove(elsewhere.resolve("tree"));
        } finally {
            Assemble.delete(elsewhere);
        }
    }

    /// Runs the tree with the cache as the holder would and looks where its classes came from.
    private static void prove(Path tree) throws IOException, InterruptedException {
        Path classes = tree.resolveSibling("classes.log");
        new TrainedCache(tree)
                .run(List.of(
                        "-XX:AOTCache=" + tree.resolve("lib/kelpd.aot"),
                        "-XX:AOTMode=on",
                        "-Xlog:class+load:file=" + classes));
        List<String> lines = Files.readAllLines(classes);
        long shared = lines.stream()
                .filter(line -> line.contains("source: shared objects file"))
                .count();
        if (shared < SHARE_MIN * lines.size()) {
            throw new IOException("only " + shared + " of " + lines.size() + " classes came from the AOT cache");
        }
        IO.println("AOT cache: " + shared + " of " + lines.size() + " classes, "
                + (Files.size(tree.resolve("lib/kelpd.aot")) >> 20) + " MiB");
    }

    private void run(List<String> cacheOptions) throws IOException, InterruptedException {
        Path roots = Files.createTempDirectory("kelp-train-");
        try {
            ProcessBuilder daemon = new ProcessBuilder(command(cacheOptions))
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            daemon.environment()
                    .putAll(Map.of(
                            "KELP_ROOT", tree.toString(),
                            "KELP_DATA_ROOT", roots.resolve("data").toString(),
                            "KELP_RUN_ROOT", roots.resolve("run").toString()));
            daemon.environment().remove("JAVA_TOOL_OPTIONS");
            Process process = daemon.start();
            if (!process.waitFor(RUN_SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("the daemon's training run did not end within " + RUN_SECONDS_MAX + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException("the daemon's training run ended with " + process.exitValue() + ": "
                        + String.join(" ", daemon.command()) + "\n" + Files.readString(log));
            }
        } finally {
            Assemble.delete(roots);
        }
    }

    /// The command line of the holder (kelp.c, `daemon_argv`) with `--train`.
    private List<String> command(List<String> cacheOptions) throws IOException {
        Path lib = tree.resolve("lib");
        List<String> command = new ArrayList<>(
                List.of(Files.readString(lib.resolve("java.home")).strip() + "/bin/java"));
        try (Stream<Path> files = Files.list(lib)) {
            command.add("-cp");
            command.add(files.filter(file -> file.toString().endsWith(".jar"))
                    .map(Path::toString)
                    .sorted()
                    .collect(Collectors.joining(File.pathSeparator)));
        }
        command.addAll(cacheOptions);
        try (Stream<String> options = Files.lines(lib.resolve("daemon.options"))) {
            options.filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .map(line -> line.replace("@ROOT@", tree.toString()))
                    .forEach(command::add);
        }
        command.add("--train");
        return command;
    }
}
