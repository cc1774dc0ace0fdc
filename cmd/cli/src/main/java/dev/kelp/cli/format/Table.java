// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import java.util.ArrayList;
import java.util.List;

/// Columns aligned with spaces, as nerdctl's tab writer lays them out.
public final class Table {
    private final int padding;
    private final List<List<String>> rows = new ArrayList<>();

    public Table(int padding) {
        this.padding = padding;
    }

    /// A table with nerdctl's four spaces between columns.
    public static Table of(String... header) {
        return new Table(4).row(List.of(header));
    }

    /// @param cells whatever control characters they have but for a [Colour]'s are shown as escapes: an image's
    /// words
    /// must not move the cursor
    public Table row(List<String> cells) {
        rows.add(cells.stream().map(Colour::escape).toList());
        return this;
    }

    /// All rows, each ending in a newline; the last cell of a row is not padded.
    public String render() {
        List<Integer> widths = new ArrayList<>();
        for (List<String> row : rows) {
            for (int i = 0; i < row.size() - 1; i++) {
                int width = width(row.get(i)) + padding;
                if (i == widths.size()) {
                    widths.add(width);
                } else if (widths.get(i) < width) {
                    widths.set(i, width);
                }
            }
        }
        StringBuilder out = new StringBuilder();
        for (List<String> row : rows) {
            for (int i = 0; i < row.size(); i++) {
                String cell = row.get(i);
                out.append(cell);
                if (i < row.size() - 1) {
                    out.repeat(' ', widths.get(i) - width(cell));
                }
            }
            out.append('\n');
        }
        return out.toString();
    }

    static int width(String s) {
        String visible = Colour.strip(s);
        return visible.codePointCount(0, visible.length());
    }
}
