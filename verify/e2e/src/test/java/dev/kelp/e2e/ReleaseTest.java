// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The archive that `./dev package` makes, unpacked by somebody who has no JDK.
@Tag("e2e")
class ReleaseTest {
    private static final long MEBI = 1 << 20;
    private static final long MEBI_MAX = 90;

    /// What Kelp starts; no `java` is among them.
    private static final List<String> PROGRAMS = List.of(
            "sh", "crun", "runc", "conmon", "newuidmap", "newgidmap", "getsubids", "nft", "slirp4netns", "pasta");

    @TempDir
    private static Path folder;

    private static KelpCli kelp;
    private static Path tree;
    private static Path archive;

    @BeforeAll
    static void unpack() throws IOException {
        Optional<Path> made = newest(Path.of(System.getProperty("kelp.checkout"), "target/release"));
        assumeTrue(made.isPresent(), "`./dev package` has made an archive");
        archive = made.orElseThrow();
        Program.of("tar", "-C", folder.toString(), "-xzf", archive.toString())
                .run()
                .succeeded();
        try (Stream<Path> unpacked = Files.list(folder)) {
            tree = unpacked.findFirst().orElseThrow();
        }
        Optional<Path> other = otherThan(KelpCli.installed());
        assumeTrue(
                other.isEmpty(),
                () -> archive.getFileName() + " is out of date, it has another " + other.orElseThrow()
                        + " than what is tested; `./dev package` makes it anew");
        Path programs = Files.createDirectory(folder.resolve("programs"));
        for (String program : PROGRAMS) {
            for (String from : List.of("/usr/sbin", "/usr/bin")) {
                Path link = programs.resolve(program);
                if (Files.exists(Path.of(from, program)) && !Files.exists(link)) {
                    Files.createSymbolicLink(link, Path.of(from, program));
                }
            }
        }
        kelp = new KelpCli(tree);
    }

    /// The program or the first jar that is not the same in both. Jars are reproducible; `build-id` always differs,
    /// since it is about the Java runtime as well.
    private static Optional<Path> otherThan(Path built) throws IOException {
        List<Path> files;
        try (Stream<Path> lib = Files.list(built.resolve("lib"))) {
            files = Stream.concat(
                            Stream.of(built.resolve("bin/kelp")),
                            lib.filter(f -> f.getFileName().toString().endsWith(".jar")))
                    .map(built::relativize)
                    .sorted()
                    .toList();
        }
        for (Path file : files) {
            Path unpacked = tree.resolve(file);
            if (!Files.exists(unpacked) || Files.mismatch(unpacked, built.resolve(file)) >= 0) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    private static Optional<Path> newest(Path release) throws IOException {
        if (!Files.isDirectory(release)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(release)) {
            return files.filter(f -> f.getFileName().toString().matches("kelp-.*-linux-.*\\.tar\\.gz"))
                    .max(java.util.Comparator.comparingLong(f -> f.toFile().lastModified()));
        }
    }

    @AfterAll
    static void close() throws IOException {
        if (kelp != null) {
            kelp.close();
            // or JUnit warns of each
            for (String program : PROGRAMS) {
                Files.deleteIfExists(folder.resolve("programs").resolve(program));
            }
        }
    }

    private static Outcome run(String... words) {
        return kelp.command(words)
                .environment(Map.of(
                        "PATH",
                        folder.resolve("programs").toString(),
                        "JAVA_HOME",
                        "",
                        "KELP_JAVA_HOME",
                        "",
                        "XDG_DATA_HOME",
                        ""))
                .run();
    }

    @Test
    void aContainerRunsWithTheRuntimeAndTheCacheInside() throws IOException {
        run("pull", "-q", busybox()).succeeded();
        assertThat(run("run", "--rm", "--net=none", busybox(), "echo", "it runs")
                        .succeeded()
                        .text())
                .isEqualTo("it runs");
        List<String> mapped = Files.readAllLines(Path.of("/proc/" + kelp.daemonPid() + "/maps"));
        Path real = tree.toRealPath();
        assertThat(mapped)
                .anyMatch(line -> line.endsWith(real + "/java/lib/server/libjvm.so"))
                .anyMatch(line -> line.endsWith(real + "/lib/daemon.aot"))
                .noneMatch(line -> line.contains("/usr/lib/jvm/"));
    }

    @Test
    void theSetupToolRunsByTheSameRuntime() {
        assertThat(run("setup", "check", "--json").text()).contains("\"checks\"");
        assertThat(Program.of(tree.resolve("bin/rootlesskit").toString(), "--version")
                        .environment(Map.of("PATH", folder.resolve("programs").toString(), "JAVA_HOME", ""))
                        .run()
                        .succeeded()
                        .text())
                .contains("rootlesskit");
    }

    @Test
    void itIsNoLargerThanItMayBe() throws IOException {
        assertThat(Files.size(archive)).isLessThan(MEBI_MAX * MEBI);
    }
}
