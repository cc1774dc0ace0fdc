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

/// The AOT cache `lib/daemon.aot`: the classes the daemon needs, and which of their methods are worth compiling at
/// once.
///
/// It is made from what a daemon does that runs containers ([ContainerTraining]). Where the build machine cannot do
/// that,
/// the daemon serves itself some commands without containers (its training mode); the classes are then much the same,
/// but the methods of a container's start become fast only while they are used.
final class TrainedCache {
    /// Such a run takes seconds, and minutes on a busy machine.
    private static final int RUN_SECONDS_MAX = 600;

    private static final String LOADED = "source: shared objects file";

    /// Of the classes the training run loads, so many must come from the cache when it is run again; the rest are
    /// classes
    /// made at run time and those of the JVM's own start.
    private static final double SHARE_MIN = 0.8;

    private final Path tree;
    private final Path log;
    private final String name;

    private TrainedCache(Path tree) {
        this(tree, tree.resolveSibling("aot.log"), "daemon");
    }

    /// @param log what the programs print
    /// @param name of the JVM: `lib/NAME.options` are its arguments
    TrainedCache(Path tree, Path log, String name) {
        this.tree = tree;
        this.log = log;
        this.name = name;
    }

    /// @param withContainers whether nothing less than the training with containers will do
    static void make(Path tree, boolean withContainers) throws IOException, InterruptedException {
        Path cache = tree.resolve("lib/daemon.aot");
        TrainedCache trained = new TrainedCache(tree);
        Files.deleteIfExists(trained.log);
        Path roots = Files.createTempDirectory("kelp-train-");
        try {
            Path recording = ContainerTraining.record(tree, roots, trained.log);
            new TrainedCache(roots.resolve("tree"), trained.log, "daemon")
                    .execute(
                            List.of(
                                    "-XX:AOTMode=create",
                                    "-XX:AOTConfiguration=" + recording,
                                    "-XX:AOTCache=" + roots.resolve("daemon.aot")),
                            Map.of());
            Files.copy(roots.resolve("daemon.aot"), cache);
        } catch (IOException e) {
            if (withContainers) {
                throw e;
            }
            IO.println("AOT cache: trained without containers, so the first ones will start slower: " + e.getMessage());
            trained.run(List.of("-XX:AOTCacheOutput=" + cache));
        } finally {
            Assemble.delete(roots);
        }
        if (!Files.exists(cache)) {
            throw new IOException("the training run made no AOT cache; see " + trained.log);
        }
        Path elsewhere = Files.createTempDirectory("kelp-moved-");
        try {
            Assemble.copyTree(tree, elsewhere.resolve("tree"));
            new TrainedCache(elsewhere.resolve("tree")).prove();
        } finally {
            Assemble.delete(elsewhere);
        }
    }

    /// Runs the tree with the cache as the holder would and looks where its classes came from.
    private void prove() throws IOException, InterruptedException {
        Path classes = tree.resolveSibling("classes.log");
        run(List.of(
                "-XX:AOTCache=" + tree.resolve("lib/daemon.aot"),
                "-XX:AOTMode=on",
                "-Xlog:class+load:file=" + classes));
        List<String> lines = Files.readAllLines(classes);
        long shared = lines.stream().filter(line -> line.contains(LOADED)).count();
        if (shared < SHARE_MIN * lines.size()) {
            throw new IOException("only " + shared + " of " + lines.size() + " classes came from the AOT cache");
        }
        IO.println("AOT cache: " + shared + " of " + lines.size() + " classes, "
                + (Files.size(tree.resolve("lib/daemon.aot")) >> 20) + " MiB");
    }

    /// Runs the daemon in its training mode.
    private void run(List<String> cacheOptions) throws IOException, InterruptedException {
        Path roots = Files.createTempDirectory("kelp-train-");
        try {
            execute(
                    cacheOptions,
                    Map.of(
                            "KELP_ROOT", tree.toString(),
                            "KELP_DATA_ROOT", roots.resolve("data").toString(),
                            "KELP_RUN_ROOT", roots.resolve("run").toString()),
                    "--train");
        } finally {
            Assemble.delete(roots);
        }
    }

    /// Runs the JVM with these options for its cache; it must succeed.
    void execute(List<String> cacheOptions, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = command(cacheOptions);
        command.addAll(List.of(arguments));
        ProcessBuilder jvm = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        jvm.environment().putAll(environment);
        jvm.environment().remove("JAVA_TOOL_OPTIONS");
        Process process = jvm.start();
        if (!process.waitFor(RUN_SECONDS_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("the training run of the " + name + " did not end within " + RUN_SECONDS_MAX + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException("the training run of the " + name + " ended with " + process.exitValue() + ": "
                    + String.join(" ", command) + "\n" + Files.readString(log));
        }
    }

    private Path java() throws IOException {
        Path carried = tree.resolve("java/bin/java");
        return Files.exists(carried)
                ? carried
                : Path.of(Files.readString(tree.resolve("lib/java.home")).strip(), "bin/java");
    }

    /// The command line of the holder (kelp.c, `java_argv`) with other options for the cache.
    private List<String> command(List<String> cacheOptions) throws IOException {
        Path lib = tree.resolve("lib");
        List<String> command = new ArrayList<>(List.of(java().toString()));
        try (Stream<Path> files = Files.list(lib)) {
            command.add("-cp");
            command.add(files.filter(file -> file.toString().endsWith(".jar"))
                    .map(Path::toString)
                    .sorted()
                    .collect(Collectors.joining(File.pathSeparator)));
        }
        command.addAll(cacheOptions);
        try (Stream<String> options = Files.lines(lib.resolve(name + ".options"))) {
            options.filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .map(line -> line.replace("@ROOT@", tree.toString()))
                    .forEach(command::add);
        }
        return command;
    }
}
