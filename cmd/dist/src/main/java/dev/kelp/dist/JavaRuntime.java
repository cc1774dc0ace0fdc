// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The Java runtime that a release carries: of the JDK that builds it the modules that Kelp and its libraries need.
final class JavaRuntime {
    /// What the jars name (jdeps(1)), without `java.desktop`: Jackson knows of its beans, and does without.
    static final List<String> MODULES = List.of(
            "java.base",
            "java.logging",
            "java.management",
            "java.naming",
            "java.net.http",
            "java.security.sasl",
            "java.sql",
            "java.transaction.xa",
            "java.xml",
            "jdk.net",
            "jdk.unsupported");

    private JavaRuntime() {}

    /// Makes it at `target`, which must not be there yet. Its files are the same each time.
    static void link(Path target) throws IOException, InterruptedException {
        Path home = Path.of(System.getProperty("java.home"));
        Path log = target.resolveSibling("jlink.log");
        Process jlink = new ProcessBuilder(
                        home.resolve("bin/jlink").toString(),
                        "--add-modules=" + String.join(",", MODULES),
                        "--no-header-files",
                        "--no-man-pages",
                        "--strip-java-debug-attributes",
                        "--compress=zip-0",
                        "--vm=server",
                        "--output=" + target)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (jlink.waitFor() != 0) {
            throw new IOException("jlink ended with " + jlink.exitValue() + ": " + Files.readString(log));
        }
        Files.delete(log);
        // programs for developers
        for (String program : List.of("keytool", "jrunscript", "rmiregistry")) {
            Files.deleteIfExists(target.resolve("bin").resolve(program));
        }
    }
}
