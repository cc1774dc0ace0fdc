// SPDX-License-Identifier: Apache-2.0
package dev.kelp.vm;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// `verify/vm/vm`.
final class VirtualMachine {
    private static final Path CHECKOUT = Path.of(System.getProperty("kelp.checkout"));
    private static final Path FOLDER = CHECKOUT.resolve("verify/vm");

    /// Beside what a script may take: packing, the machine's start, waiting for another run to end.
    private static final int MORE_SECONDS = 900;

    private VirtualMachine() {}

    static Path scenarios() {
        return FOLDER.resolve("scenarios");
    }

    /// Why it cannot be used here.
    static Optional<String> lacking() {
        Outcome ready =
                Program.of(List.of(FOLDER.resolve("vm").toString(), "ready")).run();
        return ready.exitCode() == 0
                ? Optional.empty()
                : Optional.of(ready.err().strip());
    }

    /// What `./dev package` made.
    static Optional<Path> debianPackage() {
        Path release = CHECKOUT.resolve("target/release");
        if (!Files.isDirectory(release)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(release)) {
            return files.filter(f -> f.toString().endsWith(".deb"))
                    .max(Comparator.comparingLong(f -> f.toFile().lastModified()));
        } catch (IOException e) {
            throw new UncheckedIOException("list " + release, e);
        }
    }

    /// Runs a scenario with the installed Kelp in /opt/kelp, or with the package as /opt/kelp.deb.
    ///
    /// @param disk where the root disk is kept between boots
    static Outcome run(Scenario scenario, int boot, Optional<Path> disk) {
        List<String> words = new ArrayList<>(List.of(
                FOLDER.resolve("vm").toString(),
                "run",
                "-v",
                "--timeout",
                Integer.toString(scenario.seconds()),
                "--copy",
                scenario.needsPackage()
                        ? debianPackage().orElseThrow() + ":/opt/kelp.deb"
                        : KelpCli.installed() + ":/opt/kelp",
                "--copy",
                scenarios() + ":/opt/scenarios",
                "--env",
                "BOOT=" + boot));
        disk.ifPresent(d -> words.addAll(List.of("--state", d.toString())));
        words.add(scenario.script().toString());
        return Program.of(words)
                .timeoutSeconds(scenario.seconds() + MORE_SECONDS)
                .run();
    }
}
