// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The program that assembles the installed tree: `Assemble TREE NATIVE-BINARY TEMPLATE`, run with the daemon's class
/// path. [Release] makes one that is for other machines.
public final class Assemble {
    /// Any fixed time does; it lies in the past everywhere.
    static final FileTime FILE_TIME = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

    private static final int BUILD_ID_DIGITS = 32;
    private static final int TRAININGS_MAX = 2;

    /// What `kelp` is called as by scripts written for others: names that the command line or kelp.c know.
    private static final List<String> OTHER_NAMES = List.of("ctr", "nerdctl", "rootlesskit");

    /// Names of programs that are a JVM alone, and whose options and cache it has in `lib`, or a script there.
    private static final Map<String, String> PROGRAMS = Map.of(
            "--foreground", "foreground.sh",
            "containerd", "foreground.sh",
            "containerd-rootless.sh", "foreground.sh",
            "bypass4netns", "launcher",
            "bypass4netnsd", "launcher",
            "rootlessctl", "launcher",
            "setup", "setup",
            "containerd-rootless-setuptool.sh", "setup",
            "containerd-rootless-systemd.sh", "setup");

    private final Path tree;

    private Assemble(Path tree) {
        this.tree = tree;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 3) {
            throw new IllegalArgumentException("usage: Assemble TREE NATIVE-BINARY TEMPLATE");
        }
        Path finished = Path.of(args[0]).toAbsolutePath();
        Path unfinished = finished.resolveSibling(finished.getFileName() + ".new");
        delete(unfinished);
        new Assemble(unfinished).assemble(Path.of(args[1]), Path.of(args[2]));
        delete(finished);
        Files.move(unfinished, finished, StandardCopyOption.ATOMIC_MOVE);
    }

    /// Makes the tree, for this machine: the JVM is the JDK that runs this program.
    private void assemble(Path binary, Path template) throws IOException, InterruptedException {
        furnish(binary, template);
        Files.writeString(tree.resolve("lib/java.home"), System.getProperty("java.home") + "\n");
        finish(false);
    }

    /// Makes the tree for any machine: it carries a Java runtime, and what belongs below `/usr/share`.
    ///
    /// @param tree what is there is replaced
    static void withRuntime(Path tree, Path binary, Path template, String version)
            throws IOException, InterruptedException {
        delete(tree);
        Assemble assemble = new Assemble(tree);
        assemble.furnish(binary, template);
        JavaRuntime.link(tree.resolve("java"));
        SharedFiles.write(tree.resolve("share"), version);
        assemble.finish(true);
    }

    private void furnish(Path binary, Path template) throws IOException {
        Path lib = Files.createDirectories(tree.resolve("lib"));
        copyTree(template, tree);
        Path kelp = Files.createDirectories(tree.resolve("bin")).resolve("kelp");
        Files.copy(binary, kelp);
        Files.setPosixFilePermissions(kelp, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String name : OTHER_NAMES) {
            Files.createSymbolicLink(kelp.resolveSibling(name), Path.of("kelp"));
        }
        Path programs = Files.createDirectory(lib.resolve("programs"));
        for (Map.Entry<String, String> program : PROGRAMS.entrySet()) {
            Files.createSymbolicLink(programs.resolve(program.getKey()), Path.of(program.getValue()));
            if (!program.getKey().startsWith("--") && !program.getKey().equals(program.getValue())) {
                Files.createSymbolicLink(kelp.resolveSibling(program.getKey()), Path.of("kelp"));
            }
        }
        Jars.copy(daemonClassPath(), lib);
    }

    /// The caches are made for the files as they are, and for their times.
    ///
    /// @param forOthers whether they must be there and know containers; for whoever builds Kelp for this machine, a
    /// tree that starts slower is better than none
    private void finish(boolean forOthers) throws IOException, InterruptedException {
        setTimes();
        String id = buildId();
        train(tree.resolve("lib/daemon.aot"), forOthers, () -> TrainedCache.make(tree, forOthers));
        train(tree.resolve("lib/launcher.aot"), forOthers, () -> LauncherTraining.make(tree, forOthers));
        Files.writeString(tree.resolve("build-id"), id + "\n");
        setTimes();
    }

    /// Makes a cache.
    interface Training {
        void run() throws IOException, InterruptedException;
    }

    /// Has a cache made, and once more where that failed: a busy machine may have taken too long. A failure leaves
    /// no
    /// cache.
    ///
    /// @param required whether there is no going on without it
    static void train(Path cache, boolean required, Training training) throws IOException, InterruptedException {
        for (int left = TRAININGS_MAX - 1; ; left--) {
            try {
                training.run();
                return;
            } catch (IOException e) {
                Files.deleteIfExists(cache);
                if (left == 0 && required) {
                    throw new IOException("make the AOT cache " + cache.getFileName() + ": " + e.getMessage(), e);
                }
                IO.println("AOT cache " + cache.getFileName() + ": "
                        + (left > 0 ? "once more" : "none, so what needs it starts slower") + ": " + e.getMessage());
                if (left == 0) {
                    return;
                }
            }
        }
    }

    /// This program's class path without itself: what is left is the daemon's.
    private static List<Path> daemonClassPath() {
        String own = Assemble.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .filter(entry -> !entry.equals(Path.of(own)))
                .toList();
    }

    private String buildId() throws IOException {
        MessageDigest hash;
        try {
            hash = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        hash.update(Files.readAllBytes(Path.of(System.getProperty("java.home"), "release")));
        for (Path file : files(tree)) {
            hash.update((tree.relativize(file) + "\0" + Files.isExecutable(file) + "\0" + Files.size(file) + "\0")
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8));
            hash.update(Files.readAllBytes(file));
        }
        return HexFormat.of().formatHex(hash.digest()).substring(0, BUILD_ID_DIGITS);
    }

    private void setTimes() throws IOException {
        for (Path file : files(tree)) {
            Files.setLastModifiedTime(file, FILE_TIME);
        }
    }

    /// The regular files below, in the order of their names.
    static List<Path> files(Path root) throws IOException {
        try (Stream<Path> paths = Files.walk(root)) {
            return paths.filter(path -> Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS))
                    .sorted()
                    .toList();
        }
    }

    /// Copies with modes, times and links, as `cp -a` does.
    static void copyTree(Path from, Path to) throws IOException {
        try (Stream<Path> paths = Files.walk(from)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
                }
            }
        }
    }

    static void delete(Path root) throws IOException {
        if (!Files.exists(root, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (Files.isDirectory(root, LinkOption.NOFOLLOW_LINKS)) {
            if (!Files.isReadable(root) || !Files.isExecutable(root)) {
                // overlayfs leaves its work folder without any permission
                Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwx------"));
            }
            List<Path> entries;
            try (Stream<Path> listed = Files.list(root)) {
                entries = listed.toList();
            }
            for (Path entry : entries) {
                delete(entry);
            }
        }
        Files.delete(root);
    }
}
