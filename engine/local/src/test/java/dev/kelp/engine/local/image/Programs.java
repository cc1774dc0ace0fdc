// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/// Other people's programs, which have the last word on formats.
final class Programs {
    private Programs() {}

    static void assume(String program) {
        for (String folder : System.getenv("PATH").split(":")) {
            if (Files.isExecutable(Path.of(folder, program))) {
                return;
            }
        }
        Assumptions.abort(program + " is not installed");
    }

    /// Runs to the end and gives back what was printed; a failure fails the test.
    static String run(Path folder, String... command) throws IOException, InterruptedException {
        Path log = Files.createTempFile(folder, "out", ".log");
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.redirectOutput(log.toFile());
        builder.environment().put("HOME", folder.toString());
        builder.environment().put("TMPDIR", folder.toString());
        // where root has run podman, others are refused the folder in which skopeo looks for credentials
        Path none = Files.writeString(folder.resolve("no-credentials.json"), "{}");
        builder.environment().put("REGISTRY_AUTH_FILE", none.toString());
        Process p = builder.start();
        if (!p.waitFor(120, TimeUnit.SECONDS)) {
            p.destroyForcibly();
            throw new AssertionError(List.of(command) + " did not end");
        }
        String output = Files.readString(log);
        if (p.exitValue() != 0) {
            throw new AssertionError(List.of(command) + " failed: " + output);
        }
        return output;
    }
}
