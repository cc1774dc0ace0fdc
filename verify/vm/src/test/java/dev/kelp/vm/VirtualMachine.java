// SPDX-License-Identifier: Apache-2.0
package dev.kelp.vm;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `verify/vm/vm`.
final class VirtualMachine {
    private static final Path FOLDER = Path.of(System.getProperty("kelp.checkout"), "verify/vm");

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

    /// Runs a scenario with the installed Kelp in /opt/kelp.
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
                KelpCli.installed() + ":/opt/kelp",
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
