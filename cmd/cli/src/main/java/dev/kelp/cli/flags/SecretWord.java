// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.SecretUse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The word after `--secret`: `NAME[,type=mount|env][,target=…][,uid=N][,gid=N][,mode=OCTAL]`.
final class SecretWord {
    private static final List<String> KEYS = List.of("source", "type", "target", "uid", "gid", "mode");

    private SecretWord() {}

    static SecretUse parse(String word) {
        Map<String, String> fields = new HashMap<>();
        String[] parts = word.split(",", -1);
        for (int i = 0; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            String key = equals < 0 ? "" : parts[i].substring(0, equals);
            if (i == 0 && equals < 0 && !parts[i].isEmpty()) {
                fields.put("source", parts[i]);
            } else if (KEYS.contains(key) && equals + 1 < parts[i].length()) {
                fields.put(key, parts[i].substring(equals + 1));
            } else {
                throw invalid(word, "`" + parts[i] + "` is none of " + String.join("=, ", KEYS) + "=");
            }
        }
        String name = fields.get("source");
        if (name == null) {
            throw invalid(word, "it names no secret");
        }
        String type = fields.getOrDefault("type", "mount");
        return switch (type) {
            case "mount" -> file(word, name, fields);
            case "env" -> variable(word, name, fields);
            default -> throw invalid(word, "the type `" + type + "` is neither mount nor env");
        };
    }

    private static SecretUse variable(String word, String name, Map<String, String> fields) {
        if (fields.keySet().stream().anyMatch(List.of("uid", "gid", "mode")::contains)) {
            throw invalid(word, "a variable has no uid, gid or mode");
        }
        String target = fields.getOrDefault("target", name);
        if (target.indexOf('=') >= 0) {
            throw invalid(word, "`" + target + "` cannot be a variable's name");
        }
        return new SecretUse(name, true, target, 0, 0, 0);
    }

    private static SecretUse file(String word, String name, Map<String, String> fields) {
        String target = fields.getOrDefault("target", name);
        String mode = fields.getOrDefault("mode", "0444");
        if (!mode.matches("0?[0-7]{1,4}") || Integer.parseInt(mode, 8) > 0777) {
            throw invalid(word, "the mode `" + mode + "` is not octal digits up to 0777");
        }
        return new SecretUse(
                name,
                false,
                target.startsWith("/") ? target : SecretUse.FOLDER + "/" + target,
                id(word, fields.getOrDefault("uid", "0")),
                id(word, fields.getOrDefault("gid", "0")),
                Integer.parseInt(mode, 8));
    }

    private static long id(String word, String text) {
        if (!text.matches("[0-9]{1,9}")) {
            throw invalid(word, "`" + text + "` is not an id");
        }
        return Long.parseLong(text);
    }

    private static KelpException invalid(String word, String why) {
        return KelpException.invalid("invalid --secret `" + word + "`: " + why);
    }
}
