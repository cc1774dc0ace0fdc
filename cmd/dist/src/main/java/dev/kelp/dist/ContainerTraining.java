// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/// The daemon's training by real work: a copy of the tree runs containers of a tiny image, as its user would, and
/// records which classes and methods that takes.
///
/// It needs what Kelp needs (a user namespace, conmon, an OCI runtime), which a build machine may lack; the caller has
/// another training for that case.
final class ContainerTraining {
    /// A command takes a moment; its first one, or any on a busy machine, much longer.
    private static final int COMMAND_SECONDS_MAX = 120;

    private static final int END_SECONDS_MAX = 120;
    private static final int ROUNDS = 25;
    private static final int RARE_ROUNDS = 2;
    private static final int PULLS = 12;

    /// What networks need may be missing where Kelp is built.
    private static final boolean NETWORKS =
            Stream.of("/usr/sbin/nft", "/usr/bin/nft", "/sbin/nft").anyMatch(p -> Files.exists(Path.of(p)));

    private static final String IMAGE = "training:1";

    /// So that a method that each round calls a few times counts as one worth compiling.
    private static final String THRESHOLDS = "-XX:CompileThresholdScaling=0.15";

    /// What a round does, an argument list a line; the container `main` is there meanwhile.
    private static final List<String> ROUND = List.of(
            "run --rm " + IMAGE + " /true",
            "run --rm -e A=b --label c=d " + IMAGE + " /true",
            "run -d --name other " + IMAGE + " /true wait",
            "exec main /true",
            "ps",
            "ps -a --format {{.Names}}",
            "images",
            "inspect main",
            "rm -f other",
            "run --rm " + IMAGE + " /true");

    /// What is done less often; some of it fails, as it does for users.
    private static final List<String> RARE = List.of(
            "version",
            "info",
            "namespace ls",
            "run --help",
            "run --rm --network-accel " + IMAGE + " /true",
            "logs main",
            "stop -t 0 main",
            "start main",
            "restart -t 0 main",
            "kill main",
            "wait main",
            "start main",
            "create --name other " + IMAGE,
            "rm other",
            "tag " + IMAGE + " copy:1",
            "rmi copy:1",
            "run --rm --pull=never -v /tmp:/tmp missing true",
            "exec missing true",
            "rm missing",
            "pull -q localhost:1/missing");

    private final Path roots;
    private final Path tree;
    private final Path log;

    private ContainerTraining(Path roots, Path log) {
        this.roots = roots;
        this.tree = roots.resolve("tree");
        this.log = log;
    }

    /// Trains in `roots`, an empty folder that others may enter (real root's daemon is somebody else).
    ///
    /// @return the recording, for a tree at `roots/tree`
    /// @throws IOException when this machine cannot run containers
    static Path record(Path finishedTree, Path roots, Path log) throws IOException, InterruptedException {
        Files.setPosixFilePermissions(roots, PosixFilePermissions.fromString("rwxr-xr-x"));
        ContainerTraining training = new ContainerTraining(roots, log);
        Assemble.copyTree(finishedTree, training.tree);
        Files.writeString(training.tree.resolve("build-id"), "training\n");
        return training.record();
    }

    private Path record() throws IOException, InterruptedException {
        Path recorded = Files.createDirectories(roots.resolve("recorded"));
        // writable for real root's daemon, too
        Files.setPosixFilePermissions(recorded, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path recording = recorded.resolve("kelpd.aotconf");
        Path options = tree.resolve("lib/daemon.options");
        String usual = Files.readString(options);
        Files.writeString(
                options, "-XX:AOTMode=record\n-XX:AOTConfiguration=" + recording + "\n" + THRESHOLDS + "\n" + usual);
        try {
            kelp("version");
            // what the holder starts after this daemon must not record anew
            Files.writeString(options, usual);
            work();
            endDaemon();
        } finally {
            stop();
        }
        if (!Files.exists(recording)) {
            throw new IOException("the daemon left no recording");
        }
        return recording;
    }

    private void work() throws IOException, InterruptedException {
        Path archive = TinyImage.write(roots.resolve("image.tar"), IMAGE);
        kelp("load", "-q", "-i", archive.toString());
        pull();
        kelp("run", "-d", "--name", "main", IMAGE, "/true", "wait");
        for (int round = 0; round < ROUNDS; round++) {
            for (String command : ROUND) {
                kelp(command.split(" "));
            }
        }
        for (int round = 0; round < RARE_ROUNDS; round++) {
            for (String command : RARE) {
                attempt(command.split(" "));
            }
        }
        kelp("rm", "-f", "main");
        kelp("rmi", IMAGE);
    }

    private void pull() throws IOException, InterruptedException {
        try (TrainingRegistry registry = TrainingRegistry.start()) {
            for (int round = 0; round < PULLS; round++) {
                kelp("pull", "-q", registry.image());
                kelp("rmi", registry.image());
            }
        }
    }

    /// By a signal of our own: the holder's patience is shorter than what writing a recording may take.
    private void endDaemon() throws IOException, InterruptedException {
        String pid = kelp("system", "status")
                .lines()
                .filter(line -> line.startsWith("daemon pid: "))
                .map(line -> line.substring(12))
                .findFirst()
                .orElseThrow(() -> new IOException("no daemon is running"));
        ProcessHandle daemon = ProcessHandle.of(Long.parseLong(pid))
                .orElseThrow(() -> new IOException("the daemon " + pid + " has ended"));
        daemon.destroy();
        try {
            daemon.onExit().get(END_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the daemon did not end within " + END_SECONDS_MAX + " s", e);
        }
    }

    private void stop() throws InterruptedException {
        try {
            kelp("system", "stop");
        } catch (IOException e) {
            IO.println("AOT cache: stopping the training: " + e.getMessage());
        }
    }

    /// Runs one command that must succeed and gives what it printed.
    private String kelp(String... arguments) throws IOException, InterruptedException {
        int code = attempt(arguments);
        if (code != 0) {
            throw new IOException("`kelp " + String.join(" ", arguments) + "` ended with " + code);
        }
        return Files.readString(output());
    }

    private Path output() {
        return roots.resolve("output");
    }

    private int attempt(String... arguments) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(tree.resolve("bin/kelp").toString()));
        words.addAll(List.of(arguments));
        if (arguments[0].equals("run") && !NETWORKS) {
            words.add(2, "--net=none");
        }
        ProcessBuilder program = new ProcessBuilder(words)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(output().toFile())
                .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        program.environment()
                .putAll(Map.of(
                        "KELP_DATA_ROOT", roots.resolve("data").toString(),
                        "KELP_RUN_ROOT", roots.resolve("run").toString()));
        program.environment().remove("JAVA_TOOL_OPTIONS");
        Process process = program.start();
        if (!process.waitFor(COMMAND_SECONDS_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(String.join(" ", words) + " did not end within " + COMMAND_SECONDS_MAX + " s");
        }
        return process.exitValue();
    }
}
