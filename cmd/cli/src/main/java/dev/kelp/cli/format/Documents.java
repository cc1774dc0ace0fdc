// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import dev.kelp.cli.template.GoTemplate;
import dev.kelp.cli.template.Json;
import dev.kelp.model.oci.OciJson;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// The output of the inspecting commands.
public final class Documents {
    private Documents() {}

    /// Prints all as one JSON array, or each by a template.
    ///
    /// @param format null or empty: an indented array; `json`: one line; else a template
    public static void print(PrintStream out, @Nullable String format, List<?> documents) {
        String f = format == null ? "" : format.strip();
        switch (f) {
            case "" -> out.append(Json.indented(documents)).append('\n');
            case "json" -> out.append(Json.compact(documents)).append('\n');
            default -> {
                GoTemplate template = GoTemplate.parse(f);
                documents.forEach(d -> out.append(template.execute(d)).append('\n'));
            }
        }
    }

    /// A record of the engine as maps and lists: its own JSON form.
    public static @Nullable Object tree(Object value) {
        return plain(OciJson.mapper().valueToTree(value));
    }

    /// A JSON document as it is, its fields in their order.
    public static @Nullable Object ordered(byte[] json) {
        return ordered(OciJson.tree(json, "the document"));
    }

    private static @Nullable Object ordered(JsonNode node) {
        if (node.isObject()) {
            LinkedHashMap<String, @Nullable Object> map = new LinkedHashMap<>();
            node.properties().forEach(e -> map.put(e.getKey(), ordered(e.getValue())));
            return map;
        }
        if (node.isArray()) {
            List<@Nullable Object> list = new ArrayList<>();
            node.forEach(n -> list.add(ordered(n)));
            return list;
        }
        return plain(node);
    }

    private static @Nullable Object plain(JsonNode node) {
        if (node.isObject()) {
            TreeMap<String, @Nullable Object> map = new TreeMap<>();
            node.properties().forEach(e -> map.put(e.getKey(), plain(e.getValue())));
            return map;
        }
        if (node.isArray()) {
            List<@Nullable Object> list = new ArrayList<>();
            node.forEach(n -> list.add(plain(n)));
            return list;
        }
        if (node.isNumber()) {
            return node.isIntegralNumber() ? (Object) node.longValue() : node.doubleValue();
        }
        return node.isNull() ? null : node.isBoolean() ? (Object) node.booleanValue() : node.asString();
    }
}
