// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import java.util.Locale;

/// A page for a terminal: headings in capitals, lines broken where it ends.
final class TextPage implements PageWriter {
    private static final int COLUMNS_MAX = 100;
    private static final int COLUMNS_MIN = 40;
    private static final int COLUMNS_USUAL = 80;
    private static final int TERM_COLUMNS = 34;
    private static final int INDENT = 4;

    private final StringBuilder out = new StringBuilder();
    private final int columns;

    /// @param columns of the terminal; 0: unknown
    TextPage(int columns) {
        this.columns = columns <= 0 ? COLUMNS_USUAL : Math.max(COLUMNS_MIN, Math.min(COLUMNS_MAX, columns));
    }

    @Override
    public void begin(String words, String summary) {
        section("Name");
        paragraph(words + " – " + summary);
    }

    @Override
    public void section(String heading) {
        if (!out.isEmpty()) {
            out.append('\n');
        }
        out.append(heading.toUpperCase(Locale.ROOT)).append('\n');
    }

    @Override
    public void paragraph(String text) {
        paragraph(text, INDENT);
    }

    @Override
    public void entry(String term, String text) {
        // a flag without a short name stands below the long names of the others
        String start = (term.startsWith("--") ? " ".repeat(INDENT) : "") + " ".repeat(INDENT) + term;
        int indent = Math.min(TERM_COLUMNS, columns / 2);
        if (start.length() >= indent - 1) {
            out.append(start).append('\n');
            paragraph(text, indent);
            return;
        }
        int from = out.length();
        paragraph(text, indent);
        out.replace(from, from + start.length(), start);
    }

    @Override
    public void example(String line) {
        out.append("    ").append(line).append('\n');
    }

    @Override
    public void end(String text) {
        out.append('\n').append(text).append('\n');
    }

    private void paragraph(String text, int indent) {
        StringBuilder line = new StringBuilder(" ".repeat(indent));
        for (String word : text.split(" ")) {
            if (line.length() > indent && line.length() + word.length() + 1 > columns) {
                out.append(line.toString().stripTrailing()).append('\n');
                line.setLength(0);
                line.repeat(' ', indent);
            }
            line.append(line.length() > indent ? " " : "").append(word);
        }
        out.append(line).append('\n');
    }

    @Override
    public String toString() {
        return out.toString();
    }
}
