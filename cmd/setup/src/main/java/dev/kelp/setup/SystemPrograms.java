// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.check.Programs;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The machine's own programs, with the caller's environment.
final class SystemPrograms implements Programs {
    private static final Duration USUAL_MAX = Duration.ofSeconds(20);

    @Override
    public Answer run(List<String> command) {
        return run(command, USUAL_MAX);
    }

    @Override
    public Answer run(List<String> command, Duration max) {
        Path output;
        try {
            output = Files.createTempFile("kelp-setup-", ".log");
        } catch (IOException e) {
            return new Answer(NOT_RUN, "write to the temporary folder: " + e.getMessage());
        }
        try {
            // A file, since a program may leave another one behind that would keep a pipe open.
            Process process = new ProcessBuilder(command)
                    .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(max.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return new Answer(NOT_RUN, command.getFirst() + " did not end in " + max.toSeconds() + " seconds");
            }
            return new Answer(process.exitValue(), text(output));
        } catch (IOException e) {
            return new Answer(NOT_RUN, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Answer(NOT_RUN, "interrupted");
        } finally {
            delete(output);
        }
    }

    /// Runs it with this process' own input and outputs.
    ///
    /// @return its exit code
    static int runHere(List<String> command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    private static String text(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(OUTPUT_BYTES_MAX), StandardCharsets.UTF_8);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // it stays in the temporary folder
            return;
        }
    }
}
