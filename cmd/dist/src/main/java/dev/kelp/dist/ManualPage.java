// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import dev.kelp.cli.shell.Manual;
import dev.kelp.cli.shell.PageWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;

/// A page of help as a manual page: man(7), the roff macros that every `man` reads.
final class ManualPage implements PageWriter {
    private final StringBuilder out = new StringBuilder();
    private final String version;

    /// Whether the last thing written was an example, whose block is still open.
    private boolean verbatim;

    /// Whether it was a heading, which begins a paragraph.
    private boolean justBegun;

    ManualPage(String version) {
        this.version = version;
    }

    /// Writes all pages into `folder`, one file for each name; the further names of a page are references to it.
    static void writeAll(Path folder, String version) throws IOException {
        Files.createDirectories(folder);
        for (Manual.Page page : Manual.pages()) {
            ManualPage text = new ManualPage(version);
            page.text().accept(text);
            Files.writeString(folder.resolve(page.name() + ".1"), text.toString());
            for (String other : page.names().subList(1, page.names().size())) {
                Files.writeString(folder.resolve(other + ".1"), ".so man1/" + page.name() + ".1\n");
            }
        }
    }

    @Override
    public void begin(String words, String summary) {
        String name = words.replace(' ', '-');
        String date = LocalDate.ofInstant(Assemble.FILE_TIME.toInstant(), ZoneOffset.UTC)
                .toString();
        line(".TH " + argument(name.toUpperCase(Locale.ROOT)) + " 1 " + date + " " + argument("Kelp " + version) + " "
                + argument("Kelp"));
        line(".SH NAME");
        line(escaped(name) + " \\- " + escaped(summary));
    }

    @Override
    public void section(String heading) {
        endExample();
        line(".SH " + argument(heading.toUpperCase(Locale.ROOT)));
        justBegun = true;
    }

    @Override
    public void paragraph(String text) {
        endExample();
        if (!justBegun) {
            line(".PP");
        }
        line(escaped(text));
    }

    @Override
    public void entry(String term, String text) {
        endExample();
        line(".TP");
        line("\\fB" + escaped(term) + "\\fP");
        line(escaped(text));
    }

    @Override
    public void example(String text) {
        if (!verbatim) {
            if (!justBegun) {
                line(".PP");
            }
            line(".nf");
            line(".RS 4");
            verbatim = true;
        }
        line(escaped(text));
    }

    @Override
    public void end(String text) {
        paragraph(text);
    }

    private void endExample() {
        if (verbatim) {
            line(".RE");
            line(".fi");
            verbatim = false;
        }
    }

    private void line(String text) {
        justBegun = false;
        out.append(text).append('\n');
    }

    private static String argument(String text) {
        return '"' + escaped(text).replace("\"", "\\(dq") + '"';
    }

    /// So that every character is itself: roff has its own meaning for some, and others are typeset as what looks
    /// like
    /// them. A line that begins with a dot or a quote would be a request; a character of no width keeps it from
    /// that.
    static String escaped(String text) {
        StringBuilder b = new StringBuilder(text.startsWith(".") || text.startsWith("'") ? "\\&" : "");
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\\' -> b.append("\\e");
                case '-' -> b.append("\\-");
                case '\'' -> b.append("\\(aq");
                case '`' -> b.append("\\(ga");
                case '^' -> b.append("\\(ha");
                case '~' -> b.append("\\(ti");
                default -> {
                    if (c < 0x7f) {
                        b.appendCodePoint(c);
                    } else {
                        b.append("\\[u%04X]".formatted(c));
                    }
                }
            }
        });
        return b.toString();
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
