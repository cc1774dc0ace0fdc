// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import dev.kelp.cli.template.GoTemplate;
import dev.kelp.cli.template.Json;
import dev.kelp.cli.template.TemplateMethod;
import dev.kelp.model.KelpException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A list command's output: rows of one kind of thing, as a table, as JSON or by a template.
///
/// A column has a heading and the field a template knows it by; fields without a heading appear only in JSON and
/// templates.
///
/// @param <T> what a row is made of
public final class Listing<T> {
    /// @param heading null: not part of the table
    private record Column<T>(@Nullable String heading, String field, Function<T, @Nullable Object> value) {
        /// What the table's first line shows for it; Docker's for a label is the last part of its name.
        Object title() {
            if (field.equals(LABEL)) {
                return (TemplateMethod) a -> String.valueOf(a.isEmpty() ? "" : a.getFirst())
                        .replaceFirst("^.*\\.", "")
                        .replaceAll("[-_]", " ");
            }
            return heading != null
                    ? heading
                    : field.replaceAll("([a-z])([A-Z])", "$1 $2").toUpperCase(Locale.ROOT);
        }
    }

    private static final String LABEL = "Label";

    private final List<Column<T>> columns = new ArrayList<>();
    private final Map<String, Function<T, @Nullable Colour>> colours = new HashMap<>();
    private List<String> shown = List.of();

    /// A column of the table that templates know as `field`.
    public Listing<T> column(String heading, String field, Function<T, @Nullable Object> value) {
        columns.add(new Column<>(heading, field, value));
        return this;
    }

    /// A field for templates and JSON only.
    public Listing<T> field(String field, Function<T, @Nullable Object> value) {
        columns.add(new Column<>(null, field, value));
        return this;
    }

    /// `Label`, which templates give a label's name, and `Labels`, all of them.
    public Listing<T> labels(Function<T, Map<String, String>> labels) {
        columns.add(new Column<>(null, LABEL, row -> (TemplateMethod) a -> label(labels.apply(row), a)));
        return field(
                "Labels",
                row -> new TreeMap<>(labels.apply(row))
                        .entrySet().stream()
                                .map(e -> e.getKey() + "=" + e.getValue())
                                .collect(Collectors.joining(",")));
    }

    private static String label(Map<String, String> labels, List<@Nullable Object> arguments) {
        if (arguments.size() != 1) {
            throw KelpException.invalid("template execution error: .Label takes the name of a label");
        }
        return labels.getOrDefault(String.valueOf(arguments.getFirst()), "");
    }

    /// Colours a column of the table: for those who know that it goes to a terminal that wants colours.
    public Listing<T> colour(String field, Function<T, @Nullable Colour> colour) {
        colours.put(field, colour);
        return this;
    }

    /// The fields the table shows, in that order, when not all columns.
    public Listing<T> show(String... fields) {
        shown = List.of(fields);
        return this;
    }

    /// Prints the rows.
    ///
    /// @param format null, empty or `table`: a table; `json` or `{{json .}}`: one object a line; `table TEMPLATE`:
    /// a
    ///     table of the template's columns; else a template, executed once a row
    public void print(PrintStream out, @Nullable String format, List<T> rows) {
        String f = format == null ? "" : format.strip();
        switch (f) {
            case "", "table", "wide" -> out.print(table(rows));
            case "json" -> rows.forEach(r -> out.append(Json.compact(fields(r))).append('\n'));
            default -> {
                if (f.startsWith("table ")) {
                    out.print(templateTable(f.substring(6), rows));
                } else {
                    GoTemplate template = GoTemplate.parse(unescape(f));
                    rows.forEach(r -> out.append(template.execute(fields(r))).append('\n'));
                }
            }
        }
    }

    private Map<String, @Nullable Object> fields(T row) {
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        columns.forEach(c -> map.put(c.field, c.value.apply(row)));
        return map;
    }

    private String table(List<T> rows) {
        List<Column<T>> visible = shown.isEmpty()
                ? columns.stream().filter(c -> c.heading != null).toList()
                : shown.stream()
                        .map(f -> columns.stream()
                                .filter(c -> c.field.equals(f))
                                .findFirst()
                                .orElseThrow())
                        .toList();
        Table table = new Table(4)
                .row(visible.stream().map(c -> String.valueOf(c.title())).toList());
        for (T row : rows) {
            table.row(visible.stream().map(c -> cell(c, row)).toList());
        }
        return table.render();
    }

    private String cell(Column<T> column, T row) {
        String text = String.valueOf(column.value.apply(row));
        Function<T, @Nullable Colour> colour = colours.get(column.field);
        Colour chosen = colour == null ? null : colour.apply(row);
        return chosen == null ? text : chosen.paint(text);
    }

    private String templateTable(String source, List<T> rows) {
        GoTemplate template = GoTemplate.parse(unescape(source));
        Map<String, Object> headings = new LinkedHashMap<>();
        columns.forEach(c -> headings.put(c.field, c.title()));
        Table table = new Table(4).row(cells(template.execute(headings)));
        rows.forEach(r -> table.row(cells(template.execute(fields(r)))));
        return table.render();
    }

    private static List<String> cells(String line) {
        return Arrays.asList(line.split("\t", -1));
    }

    /// In the text of a format `\t` and `\n` stand for the characters, as in Docker: shells keep the backslash.
    private static String unescape(String format) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < format.length()) {
            int open = format.indexOf("{{", at);
            int end = open < 0 ? format.length() : open;
            out.append(format.substring(at, end).replace("\\t", "\t").replace("\\n", "\n"));
            int close = open < 0 ? -1 : format.indexOf("}}", open);
            at = open < 0 || close < 0 ? format.length() : close + 2;
            out.append(format, end, at);
        }
        return out.toString();
    }
}
