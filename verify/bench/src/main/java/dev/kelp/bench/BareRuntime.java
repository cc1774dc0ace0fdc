// SPDX-License-Identifier: Apache-2.0
package dev.kelp.bench;

import dev.kelp.testkit.Folders;
import dev.kelp.testkit.KelpCli;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// `crun run` and nothing else, of the configuration Kelp makes for the same container, inside namespaces made as the
/// holder
/// makes them: what cannot be saved. The root file system is a plain folder.
final class BareRuntime implements AutoCloseable {
    /// A shell in the namespaces that runs the bundle once a line and prints the microseconds.
    private static final String LOOP =
            "n=0; while read -r _; do n=$((n + 1)); a=$EPOCHREALTIME; crun --root $1/crun run -b $1 bench$n"
                    + " >$1/out 2>&1 </dev/null || echo failed; b=$EPOCHREALTIME; echo $((${b/./} - ${a/./})); done";

    private final KelpCli kelp;
    private final String container;
    private final Path bundle = Folders.create("bundle-");
    private final Process shell;
    private final Writer orders;
    private final BufferedReader answers;

    BareRuntime(KelpCli kelp, Path rootfs) {
        this.kelp = kelp;
        // It stays as long as its files are bound into what crun runs.
        container = kelp.run("run", "-d", "--net=host", "--rootfs", rootfs.toString(), "sleep", "100000")
                .succeeded()
                .text();
        try {
            Files.writeString(bundle.resolve("config.json"), configuration(rootfs));
            Path script = Path.of(System.getProperty("kelp.checkout"), "verify/testkit/jvm/bin/java");
            ProcessBuilder builder = new ProcessBuilder(script.toString(), "-c", LOOP, "loop", bundle.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment().put("KELP_TEST_JAVA", "/bin/bash");
            shell = builder.start();
            orders = new OutputStreamWriter(shell.getOutputStream(), StandardCharsets.UTF_8);
            answers = new BufferedReader(new InputStreamReader(shell.getInputStream(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("start a shell in namespaces", e);
        }
    }

    /// What Kelp wrote for its container, with the plain folder for a root and another command.
    private String configuration(Path rootfs) throws IOException {
        try (Stream<Path> paths =
                Files.walk(kelp.runRoot().resolve("containers").resolve(container), 2)) {
            Path file = paths.filter(path -> path.endsWith("config.json"))
                    .findFirst()
                    .orElseThrow();
            return Files.readString(file)
                    .replaceFirst("(\"root\"\\s*:\\s*\\{[^}]*\"path\"\\s*:\\s*)\"[^\"]*\"", "$1\"" + rootfs + "\"")
                    .replaceFirst("\"args\"\\s*:\\s*\\[[^\\]]*\\]", "\"args\":[\"/bin/true\"]");
        }
    }

    /// Milliseconds.
    double run() {
        try {
            orders.write("go\n");
            orders.flush();
            String answer = answers.readLine();
            if (answer == null || answer.equals("failed")) {
                throw new IllegalStateException("crun: " + Files.readString(bundle.resolve("out")));
            }
            return Long.parseLong(answer) / 1000.0;
        } catch (IOException e) {
            throw new UncheckedIOException("run the bundle", e);
        }
    }

    @Override
    public void close() {
        shell.destroy();
        kelp.run("rm", "-f", container);
        Folders.delete(bundle);
    }
}
