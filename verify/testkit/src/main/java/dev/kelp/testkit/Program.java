// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A command line to run: standard input is empty unless given, and a run that takes too long is killed and fails.
public final class Program {
    private static final int TIMEOUT_SECONDS = 60;

    private final List<String> command;
    private final Map<String, String> environment = new HashMap<>();
    private byte[] input = {};
    private @Nullable Path directory;
    private int timeoutSeconds = TIMEOUT_SECONDS;

    private Program(List<String> command) {
        this.command = List.copyOf(command);
    }

    public static Program of(String... command) {
        return new Program(List.of(command));
    }

    public static Program of(List<String> command) {
        return new Program(command);
    }

    /// skopeo without credentials: where root has run podman, others are refused the folder in which it looks.
    public static Program skopeo(String... words) {
        Program program = of("skopeo").with(words);
        program.environment.put("REGISTRY_AUTH_FILE", NoCredentials.FILE);
        return program;
    }

    private static final class NoCredentials {
        static final String FILE = written();

        private static String written() {
            try {
                Path file = Files.createTempFile("kelp-no-credentials", ".json");
                file.toFile().deleteOnExit();
                return Files.writeString(file, "{}").toString();
            } catch (IOException e) {
                throw new UncheckedIOException("write a file without credentials", e);
            }
        }
    }

    /// The same command with more words.
    public Program with(String... more) {
        Program program =
                new Program(Stream.concat(command.stream(), Stream.of(more)).toList());
        program.environment.putAll(environment);
        program.input = input;
        program.directory = directory;
        program.timeoutSeconds = timeoutSeconds;
        return program;
    }

    /// Added to this process' environment; an empty value removes the variable.
    public Program environment(Map<String, String> variables) {
        environment.putAll(variables);
        return this;
    }

    public Program input(String text) {
        input = text.getBytes(StandardCharsets.UTF_8);
        return this;
    }

    public Program directory(Path path) {
        directory = path;
        return this;
    }

    public Program timeoutSeconds(int seconds) {
        timeoutSeconds = seconds;
        return this;
    }

    public List<String> command() {
        return command;
    }

    /// Runs to the end.
    public Outcome run() {
        return start().await();
    }

    /// Starts it; the caller awaits or kills it.
    public Running start() {
        ProcessBuilder builder = new ProcessBuilder(command);
        environment.forEach((name, value) -> {
            if (value.isEmpty()) {
                builder.environment().remove(name);
            } else {
                builder.environment().put(name, value);
            }
        });
        if (directory != null) {
            builder.directory(directory.toFile());
        }
        try {
            Process process = builder.start();
            return new Running(this, process);
        } catch (IOException e) {
            throw new UncheckedIOException("start " + String.join(" ", command), e);
        }
    }

    /// A started program. Its output is read by threads of its own, so it never waits for the test.
    public static final class Running {
        private final Program program;
        private final Process process;
        private final CompletableFuture<String> out;
        private final CompletableFuture<String> err;

        Running(Program program, Process process) {
            this.program = program;
            this.process = process;
            out = read(process.getInputStream());
            err = read(process.getErrorStream());
            Thread.ofPlatform().daemon().start(() -> {
                try (var stdin = process.getOutputStream()) {
                    stdin.write(program.input);
                } catch (IOException e) {
                    // The program ended or closed its input without reading it: its right.
                }
            });
        }

        public long pid() {
            return process.pid();
        }

        public boolean isAlive() {
            return process.isAlive();
        }

        /// SIGKILL.
        public void kill() {
            process.destroyForcibly();
        }

        /// Waits for the end; fails, after killing it with all it started, when it takes longer than its limit.
        public Outcome await() {
            try {
                if (!process.waitFor(program.timeoutSeconds, TimeUnit.SECONDS)) {
                    List<ProcessHandle> below = process.descendants().toList();
                    process.destroyForcibly();
                    below.forEach(ProcessHandle::destroyForcibly);
                    throw new AssertionError("still running after " + program.timeoutSeconds + " s: "
                            + String.join(" ", program.command) + "\n-- stdout so far\n" + soFar(out)
                            + "\n-- stderr so far\n" + soFar(err));
                }
                return new Outcome(
                        program.command,
                        process.exitValue(),
                        out.get(program.timeoutSeconds, TimeUnit.SECONDS),
                        err.get(program.timeoutSeconds, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for " + program.command, e);
            } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
                throw new AssertionError("a child of the program keeps its output open: " + program.command, e);
            }
        }

        private static String soFar(CompletableFuture<String> text) {
            return text.completeOnTimeout("(not ended)", 1, TimeUnit.SECONDS).join();
        }

        private static CompletableFuture<String> read(InputStream stream) {
            CompletableFuture<String> text = new CompletableFuture<>();
            Thread.ofPlatform().daemon().start(() -> {
                try (stream) {
                    text.complete(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
                } catch (IOException e) {
                    text.completeExceptionally(e);
                }
            });
            return text;
        }
    }
}
