// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/// Makes the AOT cache `lib/launcher.aot`, without which `rootlesskit` would start in seconds: a copy of the tree runs
/// a
/// command as its user would, with a network of its own and published ports, and is asked by its API meanwhile.
///
/// Where the build machine cannot make user namespaces, the launcher prints its help instead. That loads the JVM's own
/// classes, which are most of them.
final class LauncherTraining {
    /// It takes some seconds, and a minute on a busy machine.
    private static final int SECONDS_MAX = 180;

    private static final String NAME = "launcher";

    private static final int PORT_FIRST = 20_000;
    private static final int PORTS = 10_000;

    /// The launcher's command: what scripts ask.
    private static final String ASKED = """
        "$CTL" info && "$CTL" info --json && "$CTL" add-ports "$PUBLISHED/tcp" && "$CTL" list-ports &&
        "$CTL" list-ports --json && "$CTL" remove-ports 1
        """;

    private static final boolean SLIRP = Files.isExecutable(Path.of("/usr/bin/slirp4netns"));

    private final Path finished;
    private final Path roots;
    private final Path tree;
    private final Path log;

    private LauncherTraining(Path finished, Path roots) {
        this.finished = finished;
        this.roots = roots;
        this.tree = roots.resolve("tree");
        this.log = finished.resolveSibling("launcher.log");
    }

    /// @param withNamespaces whether nothing less than a real command will do
    static void make(Path tree, boolean withNamespaces) throws IOException, InterruptedException {
        Path roots = Files.createTempDirectory("kelp-train-");
        try {
            new LauncherTraining(tree, roots).make(withNamespaces);
        } finally {
            Assemble.delete(roots);
        }
    }

    private void make(boolean withNamespaces) throws IOException, InterruptedException {
        Files.deleteIfExists(log);
        Assemble.copyTree(finished, tree);
        Path recording = roots.resolve("launcher.aotconf");
        Path cache = roots.resolve("launcher.aot");
        TrainedCache jvm = new TrainedCache(tree, log, NAME);
        List<String> record = List.of("-XX:AOTMode=record", "-XX:AOTConfiguration=" + recording);
        Path options = tree.resolve("lib/launcher.options");
        String usual = Files.readString(options);
        Files.writeString(options, String.join("\n", record) + "\n" + usual);
        try {
            work();
        } catch (IOException e) {
            if (withNamespaces) {
                throw e;
            }
            IO.println("AOT cache of the launcher: trained without namespaces: " + e.getMessage());
            Files.writeString(options, usual);
            jvm.execute(record, Map.of(), "rootlesskit", "--help");
        }
        Files.writeString(options, usual);
        jvm.execute(
                List.of("-XX:AOTMode=create", "-XX:AOTConfiguration=" + recording, "-XX:AOTCache=" + cache), Map.of());
        Files.copy(cache, finished.resolve("lib/launcher.aot"));
        // with this mode the JVM refuses to start when the cache does not fit
        new TrainedCache(finished, log, NAME)
                .execute(
                        List.of("-XX:AOTMode=on", "-XX:AOTCache=" + finished.resolve("lib/launcher.aot")),
                        Map.of(),
                        "rootlesskit",
                        "--help");
        IO.println("AOT cache of the launcher: " + (Files.size(cache) >> 20) + " MiB");
    }

    private void work() throws IOException, InterruptedException {
        List<String> words =
                new ArrayList<>(List.of(tree.resolve("bin/rootlesskit").toString()));
        words.addAll(List.of("--net=" + (SLIRP ? "slirp4netns" : "none"), "--copy-up=/etc", "--copy-up=/run"));
        // another build may do the same at the same time
        String published =
                "127.0.0.1:" + (PORT_FIRST + ThreadLocalRandom.current().nextInt(PORTS)) + ":80";
        words.addAll(List.of("--port-driver=builtin", "--disable-host-loopback", "-p", published + "/udp"));
        words.addAll(List.of("--state-dir=" + roots.resolve("state"), "sh", "-c", ASKED));
        ProcessBuilder program = new ProcessBuilder(words)
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        // the asking JVMs must not record as well: they are those of the other tree
        program.environment().put("CTL", finished.resolve("bin/rootlessctl").toString());
        program.environment().put("PUBLISHED", published);
        program.environment().remove("JAVA_TOOL_OPTIONS");
        Process process = program.start();
        if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("rootlesskit did not end within " + SECONDS_MAX + " s");
        }
        if (process.exitValue() != 0) {
            throw new IOException("rootlesskit ended with " + process.exitValue() + ": " + Files.readString(log));
        }
    }
}
