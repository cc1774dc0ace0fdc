// SPDX-License-Identifier: Apache-2.0
package dev.kelp.vm;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// A script for the machine. Comments at its top say the rest: `# about: TEXT`, `# set: short|long`,
/// `# seconds: N` (the limit, of each boot), `# boots: N` (run so often, each after a reboot, with the boot's number in
/// `$BOOT`), `# needs: package` (the Debian package in the place of the installed tree, as `/opt/kelp.deb`).
///
/// @param isShort whether it is run where nobody asked for all of them
record Scenario(String name, Path script, String about, boolean isShort, int seconds, int boots, boolean needsPackage) {
    /// Those in a folder: scripts that say what they are about.
    static List<Scenario> in(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.toString().endsWith(".sh"))
                    .sorted()
                    .map(Scenario::read)
                    .filter(s -> !s.about.isEmpty())
                    .toList();
        }
    }

    private static Scenario read(Path script) {
        try {
            List<String> lines = Files.readAllLines(script);
            String name = script.getFileName().toString().replaceFirst("\\.sh$", "");
            return new Scenario(
                    name,
                    script,
                    field(lines, "about", ""),
                    field(lines, "set", "long").equals("short"),
                    Integer.parseInt(field(lines, "seconds", "300")),
                    Integer.parseInt(field(lines, "boots", "1")),
                    field(lines, "needs", "").equals("package"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("read " + script, e);
        }
    }

    private static String field(List<String> lines, String key, String otherwise) {
        String start = "# " + key + ": ";
        return lines.stream()
                .takeWhile(line -> line.startsWith("#"))
                .filter(line -> line.startsWith(start))
                .map(line -> line.substring(start.length()).strip())
                .findFirst()
                .orElse(otherwise);
    }
}
