// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kelp.testkit.Folders;
import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// `rootlesskit` and `rootlessctl`: Kelp's, which are under test, and RootlessKit's own where the machine has them, so
/// that a test asks for what those do.
///
/// @param folder where both programs are
record Launcher(String name, Path folder) {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Path ORIGINAL = Path.of("/usr/bin");

    static Launcher kelp() {
        return new Launcher("kelp", KelpCli.installed().resolve("bin"));
    }

    /// KELP_TEST_ENGINES=kelp leaves the other out.
    static Stream<Launcher> all() {
        boolean alone = "kelp".equals(System.getenv("KELP_TEST_ENGINES"));
        if (!alone && !Files.isExecutable(ORIGINAL.resolve("rootlesskit"))) {
            System.err.println("no rootlesskit on this machine: its half of the tests is left out");
            alone = true;
        }
        return alone ? Stream.of(kelp()) : Stream.of(kelp(), new Launcher("rootlesskit", ORIGINAL));
    }

    /// The programs map subordinate ids of an ordinary user.
    static void requireOrdinaryUser() {
        assumeThat(Folders.isRoot())
                .as("launchers are for ordinary users, and this is root")
                .isFalse();
    }

    boolean isKelp() {
        return name.equals("kelp");
    }

    Program command(String... words) {
        return Program.of(folder.resolve("rootlesskit").toString())
                .with(words)
                .environment(Map.of("ROOTLESSKIT_STATE_DIR", ""));
    }

    Outcome run(String... words) {
        return command(words).run();
    }

    /// What a shell prints in the namespaces these flags ask for.
    Outcome shell(String script, String... flags) {
        return run(
                Stream.concat(Stream.of(flags), Stream.of("sh", "-c", script)).toArray(String[]::new));
    }

    /// Asks the launcher of a state directory.
    Outcome ask(Path state, String... words) {
        return Program.of(folder.resolve("rootlessctl").toString())
                .with("--socket", state.resolve("api.sock").toString())
                .with(words)
                .run();
    }

    /// Starts one with a state directory and waits until its command runs.
    Running start(Path state, String script, String... flags) {
        String[] words = Stream.of(Stream.of("--state-dir=" + state), Stream.of(flags), Stream.of("sh", "-c", script))
                .flatMap(s -> s)
                .toArray(String[]::new);
        Program.Running program = command(words).start();
        Path file = state.resolve("child_pid");
        Waiting.until(SOON, "child_pid is written", () -> !read(file).isEmpty() || !program.isAlive(), file::toString);
        if (!program.isAlive()) {
            throw new AssertionError("it ended at once\n" + program.await());
        }
        return new Running(program, state, Long.parseLong(read(file)));
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file).strip() : "";
        } catch (IOException e) {
            throw new UncheckedIOException("read " + file, e);
        }
    }

    /// One that runs.
    ///
    /// @param child what `child_pid` says
    record Running(Program.Running program, Path state, long child) implements AutoCloseable {
        void signal(String name) {
            Program.of("kill", "-" + name, Long.toString(program.pid())).run().succeeded();
        }

        /// Everything that was started, also by its children.
        List<Long> processes() {
            return Stream.concat(
                            Stream.of(program.pid()),
                            ProcessHandle.of(program.pid()).stream()
                                    .flatMap(ProcessHandle::descendants)
                                    .map(ProcessHandle::pid))
                    .toList();
        }

        Outcome await() {
            return program.await();
        }

        @Override
        public void close() {
            if (program.isAlive()) {
                signal("KILL");
                program.await();
            }
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
