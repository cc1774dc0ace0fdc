// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.cli.GlobalFlags.Kind;
import dev.kelp.cli.GlobalFlags.Row;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.model.KelpException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

/// The user's defaults for the global flags: `kelp.toml` and nerdctl's `nerdctl.toml` in `~/.config`, or the one file
/// that `$NERDCTL_TOML` names. Where both have a key, `kelp.toml` counts. They are opened by the user's client; nothing
/// of TOML is loaded when there are none.
public final class SettingsFile {
    private static final int FILE_BYTES_MAX = 64 << 10;
    private static final int LIST_MAX = 64;

    private final String path;
    private final String text;

    private SettingsFile(String path, byte[] bytes) {
        this.path = path;
        this.text = new String(bytes, StandardCharsets.UTF_8);
    }

    /// What files say.
    ///
    /// @param values by key
    /// @param origins the file that says it, by key
    public record Settings(Map<String, List<String>> values, Map<String, String> origins) {}

    /// What the user's files say.
    public static Settings load(UserEnvironment user) {
        Map<String, List<String>> all = new HashMap<>();
        Map<String, String> origins = new HashMap<>();
        for (String path : paths(user.variables())) {
            if (user.mayExist(path)) {
                user.readFile(path, FILE_BYTES_MAX).ifPresent(b -> {
                    Map<String, List<String>> values = new SettingsFile(path, b).parse();
                    all.putAll(values);
                    values.keySet().forEach(k -> origins.put(k, path));
                });
            }
        }
        return new Settings(all, origins);
    }

    /// Those that may exist, the one that counts most last.
    public static List<String> paths(Map<String, String> variables) {
        String named = variables.get("NERDCTL_TOML");
        if (named != null) {
            return named.isEmpty() ? List.of() : List.of(named);
        }
        String home = variables.getOrDefault("HOME", "");
        String folder = variables.getOrDefault("XDG_CONFIG_HOME", "");
        if (folder.isEmpty()) {
            folder = home.isEmpty() ? "" : home + "/.config";
        }
        List<String> paths = new ArrayList<>();
        if (home.equals("/root")) {
            paths.add("/etc/nerdctl/nerdctl.toml");
        }
        if (folder.startsWith("/")) {
            paths.add(folder + "/nerdctl/nerdctl.toml");
            paths.add(folder + "/kelp/kelp.toml");
        }
        return paths;
    }

    private Map<String, List<String>> parse() {
        JsonNode root;
        try {
            root = new TomlMapper().readTree(text);
        } catch (JacksonException e) {
            TokenStreamLocation at = e.getLocation();
            String why = e.getOriginalMessage().lines().findFirst().orElse("");
            throw bad(at == null ? 1 : at.getLineNr(), at == null ? 1 : at.getColumnNr(), why);
        } catch (NumberFormatException | ArithmeticException e) {
            throw bad(1, 1, "a number is too large");
        }
        Map<String, List<String>> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> e : root.properties()) {
            values.put(e.getKey(), values(e.getKey(), e.getValue()));
        }
        return values;
    }

    private List<String> values(String key, JsonNode node) {
        Row row = GlobalFlags.ROWS.stream()
                .filter(r -> r.key().equals(key))
                .findFirst()
                .orElseThrow(() -> unknown(key));
        boolean fits = switch (row.kind()) {
            case SWITCH -> node.isBoolean();
            case TEXT -> node.isString();
            case LIST -> node.isArray() && node.size() <= LIST_MAX && strings(node);
        };
        if (!fits) {
            throw bad(
                    key,
                    "`" + key + "` must be "
                            + switch (row.kind()) {
                                case SWITCH -> "true or false";
                                case TEXT -> "a string";
                                case LIST -> "a list of at most " + LIST_MAX + " strings";
                            });
        }
        List<String> values = new ArrayList<>();
        if (row.kind() == Kind.LIST) {
            node.forEach(n -> values.add(n.stringValue()));
        } else {
            values.add(node.asString());
        }
        try {
            values.forEach(v -> GlobalFlags.check(key, v));
        } catch (KelpException e) {
            throw bad(key, String.valueOf(e.getMessage()));
        }
        return values;
    }

    private static boolean strings(JsonNode list) {
        for (JsonNode item : list) {
            if (!item.isString()) {
                return false;
            }
        }
        return true;
    }

    private KelpException unknown(String key) {
        KelpException e = bad(key, "unknown key `" + key + "`");
        return e.withHint(Suggestions.closest(key, GlobalFlags.keys())
                .map(s -> "did you mean `" + s + "`?")
                .orElse("there are " + String.join(", ", GlobalFlags.keys())));
    }

    /// The parser does not say where a key was: its first place at the beginning of a line is taken.
    private KelpException bad(String key, String why) {
        Matcher m = Pattern.compile("(?m)^[ \\t]*\\[*[ \\t]*([\"']?" + Pattern.quote(key) + "[\"']?)[ \\t]*[.=\\]]")
                .matcher(text);
        if (!m.find()) {
            return bad(1, 1, why);
        }
        int start = m.start(1);
        int line = 1
                + (int) text.substring(0, start).chars().filter(c -> c == '\n').count();
        return bad(line, start - text.lastIndexOf('\n', start), why);
    }

    private KelpException bad(int line, int column, String why) {
        return KelpException.invalid("`" + path + "`, line " + line + ", column " + column + ": " + why);
    }
}
