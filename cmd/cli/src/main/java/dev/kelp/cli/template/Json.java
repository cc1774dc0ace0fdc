// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes JSON as Docker's commands do: keys in the order of the map, `<`, `>` and `&` as they are.
public final class Json {
    private final StringBuilder out = new StringBuilder();
    private final String indent;

    private Json(String indent) {
        this.indent = indent;
    }

    /// On one line, no spaces.
    public static String compact(@Nullable Object value) {
        Json json = new Json("");
        json.write(value, 0);
        return json.out.toString();
    }

    /// Over several lines, four spaces a level, as `inspect` prints.
    public static String indented(@Nullable Object value) {
        Json json = new Json("    ");
        json.write(value, 0);
        return json.out.toString();
    }

    private void write(@Nullable Object value, int level) {
        switch (value) {
            case null -> out.append("null");
            case Boolean b -> out.append(b);
            case Number n -> out.append(n instanceof Double ? GoFormat.value(n) : n.toString());
            case Map<?, ?> m -> map(m, level);
            case List<?> l -> list(l, level);
            default -> string(value.toString());
        }
    }

    private void map(Map<?, ?> map, int level) {
        out.append('{');
        boolean first = true;
        for (Map.Entry<?, ?> e : map.entrySet()) {
            if (e.getValue() instanceof TemplateMethod) {
                continue;
            }
            separate(first, level + 1);
            first = false;
            string(String.valueOf(e.getKey()));
            out.append(indent.isEmpty() ? ":" : ": ");
            write(e.getValue(), level + 1);
        }
        if (!first) {
            newline(level);
        }
        out.append('}');
    }

    private void list(List<?> list, int level) {
        out.append('[');
        for (int i = 0; i < list.size(); i++) {
            separate(i == 0, level + 1);
            write(list.get(i), level + 1);
        }
        if (!list.isEmpty()) {
            newline(level);
        }
        out.append(']');
    }

    private void separate(boolean first, int level) {
        if (!first) {
            out.append(',');
        }
        newline(level);
    }

    private void newline(int level) {
        if (!indent.isEmpty()) {
            out.append('\n').append(indent.repeat(level));
        }
    }

    private void string(String s) {
        out.append('"');
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            switch (c) {
                case '"', '\\' -> out.append('\\').append(c);
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < ' ' || c == 0x2028 || c == 0x2029) {
                        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
