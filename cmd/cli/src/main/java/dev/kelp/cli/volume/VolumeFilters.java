// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.volume;

import dev.kelp.engine.Volumes;
import dev.kelp.engine.Volumes.Volume;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// `--filter KEY=VALUE` of `volume ls` and `volume prune`: different keys and labels must all match, of names, drivers
/// and sizes one.
final class VolumeFilters {
    private static final Pattern SIZE = Pattern.compile("(<=|>=|<|>|=)?\\s*(\\d+)");

    private VolumeFilters() {}

    static Predicate<Volume> parse(List<String> flags, Volumes volumes) {
        Predicate<Volume> all = v -> true;
        Map<String, List<Predicate<Volume>>> alternatives = new LinkedHashMap<>();
        for (String flag : flags) {
            Matcher m = Pattern.compile("([a-z]+)(!?=|<=|>=|<|>)(.*)", Pattern.DOTALL)
                    .matcher(flag);
            if (!m.matches()) {
                throw KelpException.invalid("invalid --filter `" + flag + "`: expected KEY=VALUE");
            }
            String key = m.group(1);
            String operator = m.group(2);
            String value = m.group(3);
            if (!operator.equals("=") && !(key.equals("size") || (key.equals("label") && operator.equals("!=")))) {
                throw KelpException.invalid("invalid --filter `" + flag + "`: expected KEY=VALUE");
            }
            if (key.equals("label")) {
                all = all.and(operator.equals("=") ? label(value) : label(value).negate());
            } else {
                alternatives.computeIfAbsent(key, k -> new ArrayList<>()).add(one(key, operator, value, volumes));
            }
        }
        for (List<Predicate<Volume>> some : alternatives.values()) {
            all = all.and(v -> some.stream().anyMatch(p -> p.test(v)));
        }
        return all;
    }

    private static Predicate<Volume> one(String key, String operator, String value, Volumes volumes) {
        return switch (key) {
            case "name" -> {
                Pattern p = pattern(value);
                yield v -> p.matcher(v.name()).find();
            }
            case "driver" -> v -> v.driver().equals(value);
            case "dangling" -> {
                boolean wanted = truth(value);
                yield v -> v.containers().isEmpty() == wanted;
            }
            case "anonymous" -> {
                boolean wanted = truth(value);
                yield v -> v.anonymous() == wanted;
            }
            case "size" -> size(operator.equals("=") ? value : operator + value, volumes);
            default ->
                throw KelpException.invalid("invalid filter '" + key + "'")
                        .withHint("there are label, name, size, dangling, driver, anonymous");
        };
    }

    private static Predicate<Volume> label(String value) {
        int equals = value.indexOf('=');
        String key = equals < 0 ? value : value.substring(0, equals);
        return v -> v.labels().containsKey(key)
                && (equals < 0 || value.substring(equals + 1).equals(v.labels().get(key)));
    }

    private static Predicate<Volume> size(String text, Volumes volumes) {
        Matcher m = SIZE.matcher(text);
        if (!m.matches() || m.group(2).length() > 18) {
            throw KelpException.invalid("invalid --filter `size=" + text + "`: expected a number of bytes, or size>=…");
        }
        long bytes = Long.parseLong(m.group(2));
        String operator = m.group(1) == null ? "=" : m.group(1);
        return v -> {
            int order = Long.compare(volumes.sizeBytes(v.name()), bytes);
            return switch (operator) {
                case "<" -> order < 0;
                case "<=" -> order <= 0;
                case ">" -> order > 0;
                case ">=" -> order >= 0;
                default -> order == 0;
            };
        };
    }

    private static Pattern pattern(String value) {
        try {
            return Pattern.compile(value);
        } catch (PatternSyntaxException e) {
            throw KelpException.invalid("invalid --filter `name=" + value + "`: " + e.getDescription());
        }
    }

    private static boolean truth(String value) {
        return switch (value) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw KelpException.invalid("invalid --filter: `" + value + "` is neither true nor false");
        };
    }
}
