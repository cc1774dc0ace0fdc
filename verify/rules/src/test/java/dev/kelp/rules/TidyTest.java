// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What no compiler checks about the source text: sizes, leftovers, banned words, names that documents quote.
class TidyTest {
    private static final int LINE_COLUMNS_MAX = 120;
    private static final int JAVA_LINES_MAX = 600;
    private static final int ARCHITECTURE_LINES_MAX = 200;
    private static final int CONTRIBUTING_LINES_MAX = 150;

    /// The one C program: complete and under this, or it has become something else.
    private static final int C_LINES_MAX = 1500;

    private static final String[] CODE = {".java", ".c", "/dev", "/kelp", "/.ci/run", "/jvm/bin/java", "/debian-image"};

    /// In sources of what ships: the pattern, and what to do instead.
    private static final Map<String, String> BANNED = Map.of(
            "\"user\\.home\"", "the daemon's home is not the user's: ask the client's environment",
            "\\bPath\\.of\\(\"[^/\"]", "a relative path means the daemon's folder: give it a base",
            "\\bnew File\\(", "java.nio.file.Path",
            "\\bnew RuntimeException\\(", "KelpException with an ErrorKind, or IllegalStateException for a bug",
            "\\.printStackTrace\\(\\)", "System.Logger",
            "\\bSystem\\.exit\\(", "only the entry point ends the process");

    /// file:line of every line that matches.
    private static List<String> findings(List<Path> files, BiPredicate<Path, String> matches) {
        List<String> found = new ArrayList<>();
        for (Path file : files) {
            List<String> lines = SourceTree.lines(file);
            for (int i = 0; i < lines.size(); i++) {
                if (matches.test(file, lines.get(i))) {
                    found.add(
                            SourceTree.place(file, i + 1) + ": " + lines.get(i).strip());
                }
            }
        }
        return found;
    }

    private static List<Path> shipped() {
        return SourceTree.java().stream()
                .filter(file -> {
                    String name = SourceTree.ROOT.relativize(file).toString();
                    return name.contains("/src/main/") && !name.startsWith("verify/") && !name.startsWith("cmd/dist/");
                })
                .toList();
    }

    @Test
    void theFirstLineIsTheLicence() {
        assertThat(SourceTree.files(".java", ".c").stream()
                        .filter(file ->
                                !SourceTree.lines(file).getFirst().equals("// SPDX-License-Identifier: Apache-2.0")))
                .isEmpty();
        assertThat(SourceTree.files("/dev", "/kelp", "/.ci/run", "/Makefile").stream()
                        .filter(file -> SourceTree.lines(file).stream()
                                .limit(2)
                                .noneMatch("# SPDX-License-Identifier: Apache-2.0"::equals)))
                .isEmpty();
    }

    /// The formatter breaks Java's lines, but no string literals.
    @Test
    void linesFitTheScreen() {
        assertThat(findings(
                        SourceTree.files(CODE),
                        (file, line) -> columns(line) > LINE_COLUMNS_MAX
                                && !(file.toString().endsWith(".java") && line.contains("\""))))
                .isEmpty();
    }

    private static int columns(String line) {
        String expanded = line.replace("\t", "    ");
        return expanded.codePointCount(0, expanded.length());
    }

    @Test
    void filesAreShort() {
        assertThat(SourceTree.java().stream()
                        .filter(file -> SourceTree.lines(file).size() > JAVA_LINES_MAX))
                .isEmpty();
        assertThat(SourceTree.files(".c").stream()
                        .filter(file -> SourceTree.lines(file).size() > C_LINES_MAX))
                .isEmpty();
    }

    @Test
    void documentsAreShort() {
        Map<String, Integer> limits =
                Map.of("ARCHITECTURE.md", ARCHITECTURE_LINES_MAX, "CONTRIBUTING.md", CONTRIBUTING_LINES_MAX);
        limits.forEach((name, limit) -> {
            Path file = SourceTree.ROOT.resolve(name);
            if (Files.exists(file)) {
                assertThat(SourceTree.lines(file)).as(name).hasSizeLessThanOrEqualTo(limit);
            }
        });
    }

    @Test
    void nothingIsLeftForLater() {
        Pattern later = Pattern.compile("\\b(FIX" + "ME|TO" + "DO|X" + "XX)\\b");
        assertThat(findings(
                        SourceTree.files(CODE),
                        (file, line) -> later.matcher(line).find()))
                .isEmpty();
    }

    @Test
    void bannedCallsHaveABetterWay() {
        BANNED.forEach((pattern, instead) -> {
            Pattern banned = Pattern.compile(pattern);
            assertThat(findings(
                            shipped(),
                            (file, line) -> !file.endsWith("DaemonMain.java")
                                    && !line.strip().startsWith("//")
                                    && banned.matcher(line).find()))
                    .as(instead)
                    .isEmpty();
        });
    }

    @Test
    void noPathOfSomebodysMachine() {
        Pattern machine = Pattern.compile(
                "(?<![\\w.@}$/])/(home/(?!(user|alice|u)\\b)[a-z]\\w*|Users|work/(main|wt|shared)|root/\\w)/");
        assertThat(findings(
                        SourceTree.files(".java", ".c", ".md", ".xml", "/dev", "/kelp", "/run"),
                        (file, line) -> machine.matcher(line).find()))
                .isEmpty();
    }

    /// A credential helper is what the field calls one: docker-credential-helpers.
    @Test
    void namesSayWhatAThingIs() {
        Pattern vague = Pattern.compile(
                "(^|/)(utils?|commons?|helpers?|managers?|impl)(/|$)|(Utils?|Helper|Manager|Impl)\\.java$");
        assertThat(SourceTree.java().stream()
                        .map(file -> SourceTree.ROOT.relativize(file).toString())
                        .filter(name -> vague.matcher(name).find() && !name.endsWith("/CredentialHelper.java")))
                .isEmpty();
    }

    @Test
    void everyExportedPackageSaysHowItWorks() {
        Pattern exports = Pattern.compile("^\\s*exports ([\\w.]+)");
        List<String> missing = new ArrayList<>();
        for (Path module : SourceTree.files("/module-info.java")) {
            for (String line : SourceTree.lines(module)) {
                var matcher = exports.matcher(line);
                if (matcher.find()) {
                    Path description = module.resolveSibling(matcher.group(1).replace('.', '/'))
                            .resolve("package-info.java");
                    if (!Files.exists(description)
                            || !SourceTree.read(description).contains("\n///")) {
                        missing.add(matcher.group(1));
                    }
                }
            }
        }
        assertThat(missing)
                .as("exported packages without a theory of operation")
                .isEmpty();
    }

    /// `Name` in a document is a file or type of this tree when it looks like one.
    @Test
    void documentsNameThingsThatExist() {
        Pattern quoted = Pattern.compile("`([A-Za-z][\\w./-]*)`");
        List<String> gone = new ArrayList<>();
        for (String document : List.of("ARCHITECTURE.md", "CONTRIBUTING.md")) {
            Path file = SourceTree.ROOT.resolve(document);
            if (!Files.exists(file)) {
                continue;
            }
            var matcher = quoted.matcher(SourceTree.read(file));
            while (matcher.find()) {
                String name = matcher.group(1);
                boolean type = name.matches("([A-Z][a-z0-9]+){2,}");
                boolean path = name.matches("(base|core|engine|protocol|cmd|verify|native)/[\\w./-]+");
                if (type && SourceTree.java().stream().noneMatch(java -> java.endsWith(name + ".java"))
                        || path && !Files.exists(SourceTree.ROOT.resolve(name))) {
                    gone.add(document + ": " + name);
                }
            }
        }
        assertThat(gone).isEmpty();
    }
}
