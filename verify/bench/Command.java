// SPDX-License-Identifier: Apache-2.0

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A program to start with an environment of its own: nothing of the caller's is passed on.
///
/// It is executed directly, without a shell. Standard input and output are /dev/null (output is a file where it is
/// wanted), errors go to a file that is shown when the program fails.
record Command(Map<String, String> environment, List<String> words) {
    private static final int SECONDS_MAX = 300;
    private static final File NOTHING = new File("/dev/null");

    static Command of(Map<String, String> environment, String... words) {
        return new Command(environment, List.of(words));
    }

    Command with(String... more) {
        List<String> all = new ArrayList<>(words);
        all.addAll(List.of(more));
        return new Command(environment, all);
    }

    Command environment(String name, String value) {
        Map<String, String> changed = new HashMap<>(environment);
        changed.put(name, value);
        return new Command(changed, words);
    }

    /// Runs it and returns the time from before its start until its end was noticed.
    ///
    /// @throws IllegalStateException when it fails
    double millis() {
        Path errors = temporary();
        try {
            ProcessBuilder program = builder(NOTHING, errors.toFile());
            long start = System.nanoTime();
            Process process = program.start();
            int code = process.waitFor();
            double millis = (System.nanoTime() - start) / 1e6;
            if (code != 0) {
                throw failure("ended with " + code, errors);
            }
            return millis;
        } catch (IOException e) {
            throw new UncheckedIOException("start " + words, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            delete(errors);
        }
    }

    /// Runs it and returns what it printed.
    ///
    /// @throws IllegalStateException when it fails or takes longer than five minutes
    String output() {
        Path errors = temporary();
        Path output = temporary();
        try {
            Process process = builder(output.toFile(), errors.toFile()).start();
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw failure("took longer than " + SECONDS_MAX + " s", errors);
            }
            if (process.exitValue() != 0) {
                throw failure("ended with " + process.exitValue(), errors);
            }
            return Files.readString(output).strip();
        } catch (IOException e) {
            throw new UncheckedIOException("start " + words, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            delete(errors);
            delete(output);
        }
    }

    /// Runs it; a failure does not matter.
    void attempt() {
        try {
            output();
        } catch (IllegalStateException | UncheckedIOException e) {
            // What it was to remove may not be there.
        }
    }

    /// Starts it to stay, with both outputs in `log`.
    Process start(Path log) throws IOException {
        return builder(log.toFile(), log.toFile()).start();
    }

    private ProcessBuilder builder(File output, File errors) {
        ProcessBuilder program = new ProcessBuilder(words)
                .directory(new File("/"))
                .redirectInput(NOTHING)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output))
                .redirectError(ProcessBuilder.Redirect.appendTo(errors));
        program.environment().clear();
        program.environment().putAll(environment);
        return program;
    }

    private IllegalStateException failure(String how, Path errors) {
        String text = "";
        try {
            text = new String(Files.readAllBytes(errors), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            text = e.toString();
        }
        return new IllegalStateException(String.join(" ", words) + " " + how + (text.isEmpty() ? "" : ": " + text));
    }

    private static Path temporary() {
        try {
            return Files.createTempFile("kelp-bench-", ".out");
        } catch (IOException e) {
            throw new UncheckedIOException("make a temporary file", e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("delete " + file, e);
        }
    }
}
