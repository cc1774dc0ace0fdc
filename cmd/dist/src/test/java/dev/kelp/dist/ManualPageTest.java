// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManualPageTest {
    @TempDir
    private static Path folder;

    @BeforeAll
    static void write() throws IOException {
        ManualPage.writeAll(folder.resolve("man1"), "1.2");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "plain text              | plain text",
                "--format '{{.Names}}'   | \\-\\-format \\(aq{{.Names}}\\(aq",
                "a\\b                    | a\\eb",
                "'quoted' at the start   | \\&\\(aqquoted\\(aq at the start",
                ".dot                    | \\&.dot",
                "`x` ~/.config ^C        | \\(gax\\(ga \\(ti/.config \\(haC",
                "CONTAINER…              | CONTAINER\\[u2026]",
            })
    void everyCharacterIsItself(String text, String roff) {
        assertThat(ManualPage.escaped(text)).isEqualTo(roff);
    }

    @Test
    void aCommandHasAPageByAllItsNames() throws IOException {
        assertThat(folder.resolve("man1/kelp-run.1"))
                .content()
                .startsWith(".TH \"KELP\\-RUN\" 1 2026-01-01 \"Kelp 1.2\" \"Kelp\"\n.SH NAME\nkelp\\-run \\- ")
                .contains("\n.SH \"SYNOPSIS\"\n")
                .contains("\\fB\\-d, \\-\\-detach\\fP");
        assertThat(folder.resolve("man1/kelp-container-run.1")).hasContent(".so man1/kelp-run.1");
        assertThat(folder.resolve("man1/kelp-image-remove.1")).hasContent(".so man1/kelp-image-rm.1");
        assertThat(folder.resolve("man1/kelp-image-rm.1")).content().contains("\nkelp image rm ");
        assertThat(folder.resolve("man1/kelp.1")).content().contains("\\fBnetwork\\fP");
    }

    /// All warnings there are, of each page.
    @Test
    void groffTakesThem() throws IOException, InterruptedException {
        Path groff = Path.of("/usr/bin/groff");
        assumeTrue(Files.isExecutable(groff), groff + " is there");
        List<String> command = new ArrayList<>(List.of(groff.toString(), "-man", "-ww", "-z", "-Tutf8"));
        try (Stream<Path> pages = Files.list(folder.resolve("man1"))) {
            for (Path page : (Iterable<Path>) pages.sorted()::iterator) {
                if (!Files.readString(page).startsWith(".so ")) {
                    command.add(page.toString());
                }
            }
        }
        assertThat(command).hasSizeGreaterThan(50);
        assertThat(ArchivesTest.run(folder, command.toArray(String[]::new))).isEmpty();
    }
}
