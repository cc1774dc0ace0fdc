// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The functions: Go's own, and those Docker adds (`json`, `join`, `split`, `lower`, `upper`, `title`, `pad`,
/// `padlen`, `truncate`, `println`).
final class TemplateFunctions {
    private static final Set<String> NAMES = Set.of(
            "and",
            "or",
            "not",
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "len",
            "index",
            "slice",
            "print",
            "printf",
            "println",
            "html",
            "js",
            "urlquery",
            "json",
            "join",
            "split",
            "lower",
            "upper",
            "title",
            "pad",
            "padlen",
            "truncate");

    private TemplateFunctions() {}

    static boolean isKnown(String name) {
        return NAMES.contains(name);
    }

    static @Nullable Object call(String name, List<@Nullable Object> a) {
        return switch (name) {
            case "not" -> !truth(arguments(name, a, 1).getFirst());
            case "eq" -> equal(a);
            case "ne" -> !same(arguments(name, a, 2).get(0), a.get(1));
            case "lt" -> compare(arguments(name, a, 2)) < 0;
            case "le" -> compare(arguments(name, a, 2)) <= 0;
            case "gt" -> compare(arguments(name, a, 2)) > 0;
            case "ge" -> compare(arguments(name, a, 2)) >= 0;
            case "len" -> length(arguments(name, a, 1).getFirst());
            case "index" -> index(a);
            case "slice" -> slice(a);
            case "print" -> print(a);
            case "println" -> a.stream().map(GoFormat::value).collect(Collectors.joining(" ")) + "\n";
            case "printf" -> {
                if (a.isEmpty()) {
                    throw GoTemplate.failed("wrong number of args for printf: want at least 1 got 0");
                }
                yield GoFormat.sprintf(string(name, a.getFirst()), normal(a.subList(1, a.size())));
            }
            case "html" -> html(print(a));
            case "js" -> javascript(print(a));
            case "urlquery" ->
                URLEncoder.encode(print(a), StandardCharsets.UTF_8)
                        .replace("*", "%2A")
                        .replace("%7E", "~");
            default -> strings(name, a);
        };
    }

    private static @Nullable Object strings(String name, List<@Nullable Object> a) {
        return switch (name) {
            case "json" -> Json.compact(arguments(name, a, 1).getFirst());
            case "lower" -> string(name, arguments(name, a, 1).getFirst()).toLowerCase(Locale.ROOT);
            case "upper" -> string(name, arguments(name, a, 1).getFirst()).toUpperCase(Locale.ROOT);
            case "title" -> title(string(name, arguments(name, a, 1).getFirst()));
            case "join" -> join(arguments(name, a, 2));
            case "split" -> split(string(name, arguments(name, a, 2).get(0)), string(name, a.get(1)));
            case "pad" -> {
                String s = string(name, arguments(name, a, 3).get(0));
                yield s.isEmpty() ? s : " ".repeat(size(a.get(1))) + s + " ".repeat(size(a.get(2)));
            }
            case "padlen" -> {
                String s = string(name, arguments(name, a, 2).get(0));
                yield s + " ".repeat(Math.max(0, size(a.get(1)) - s.length()));
            }
            case "truncate" -> {
                String s = string(name, arguments(name, a, 2).get(0));
                yield s.substring(0, Math.min(s.length(), size(a.get(1))));
            }
            default -> throw GoTemplate.failed("function \"" + name + "\" not defined");
        };
    }

    /// Go's idea of truth: not the zero value.
    static boolean truth(@Nullable Object o) {
        return switch (o) {
            case null -> false;
            case Boolean b -> b;
            case Double d -> d != 0;
            case Number n -> n.longValue() != 0;
            case String s -> !s.isEmpty();
            case List<?> l -> !l.isEmpty();
            case Map<?, ?> m -> !(m instanceof java.util.SortedMap) || !m.isEmpty();
            default -> true;
        };
    }

    /// Whole numbers as Long, others as Double.
    static Number normal(Number n) {
        return n instanceof Double || n instanceof Float ? n.doubleValue() : (Number) n.longValue();
    }

    private static List<@Nullable Object> normal(List<@Nullable Object> values) {
        List<@Nullable Object> list = new ArrayList<>();
        for (Object o : values) {
            list.add(o instanceof Number n ? normal(n) : o);
        }
        return list;
    }

    static Map<String, @Nullable Object> stringKeys(Map<?, ?> map) {
        Map<String, @Nullable Object> result = new LinkedHashMap<>();
        map.forEach((k, v) -> result.put(String.valueOf(k), v));
        return result;
    }

    private static List<@Nullable Object> arguments(String name, List<@Nullable Object> a, int count) {
        if (a.size() != count) {
            throw GoTemplate.failed("wrong number of args for " + name + ": want " + count + " got " + a.size());
        }
        return a;
    }

    private static String string(String function, @Nullable Object o) {
        if (o instanceof Map || o instanceof List || o == null) {
            throw GoTemplate.failed(
                    "wrong type of value for " + function + "; expected string; got " + GoFormat.typeName(o));
        }
        return GoFormat.value(o);
    }

    private static int size(@Nullable Object o) {
        if (!(o instanceof Number n) || n.longValue() < 0 || n.longValue() > GoFormat.WIDTH_MAX) {
            throw GoTemplate.failed("`" + GoFormat.value(o) + "` is not a length of 0 to " + GoFormat.WIDTH_MAX);
        }
        return n.intValue();
    }

    private static boolean equal(List<@Nullable Object> a) {
        if (a.size() < 2) {
            throw GoTemplate.failed("missing argument for comparison");
        }
        for (int i = 1; i < a.size(); i++) {
            if (same(a.getFirst(), a.get(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean same(@Nullable Object a, @Nullable Object b) {
        if (a == null || b == null) {
            return a == null && b == null;
        }
        if (a instanceof Number x && b instanceof Number y && (x instanceof Double) == (y instanceof Double)) {
            return normal(x).equals(normal(y));
        }
        if (!a.getClass().equals(b.getClass()) || a instanceof Map || a instanceof List) {
            throw GoTemplate.failed("incompatible types for comparison");
        }
        return a.equals(b);
    }

    private static int compare(List<@Nullable Object> a) {
        Object x = a.get(0);
        Object y = a.get(1);
        if (x instanceof Number m && y instanceof Number n && (m instanceof Double) == (n instanceof Double)) {
            return m instanceof Double
                    ? Double.compare(m.doubleValue(), n.doubleValue())
                    : Long.compare(m.longValue(), n.longValue());
        }
        if (x instanceof String s && y instanceof String t) {
            return s.compareTo(t);
        }
        throw GoTemplate.failed("incompatible types for comparison");
    }

    private static long length(@Nullable Object o) {
        return switch (o) {
            case String s -> s.getBytes(StandardCharsets.UTF_8).length;
            case List<?> l -> l.size();
            case Map<?, ?> m -> m.size();
            case null, default -> throw GoTemplate.failed("len of type " + GoFormat.typeName(o));
        };
    }

    private static @Nullable Object index(List<@Nullable Object> a) {
        if (a.isEmpty()) {
            throw GoTemplate.failed("wrong number of args for index: want at least 1 got 0");
        }
        Object value = a.getFirst();
        for (Object key : a.subList(1, a.size())) {
            value = switch (value) {
                case Map<?, ?> m -> {
                    boolean texts = m.values().stream().allMatch(String.class::isInstance);
                    yield m.containsKey(key) ? m.get(key) : texts ? "" : null;
                }
                case List<?> l -> l.get(position(key, l.size() - 1));
                case String s -> {
                    byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
                    yield (long) Byte.toUnsignedInt(bytes[position(key, bytes.length - 1)]);
                }
                case null -> throw GoTemplate.failed("index of untyped nil");
                default -> throw GoTemplate.failed("can't index item of type " + GoFormat.typeName(value));
            };
        }
        return value;
    }

    private static int position(@Nullable Object key, int max) {
        if (!(key instanceof Number n)) {
            throw GoTemplate.failed("cannot index slice/array with type " + GoFormat.typeName(key));
        }
        if (n.longValue() < 0 || n.longValue() > max) {
            throw GoTemplate.failed("index out of range: " + n);
        }
        return n.intValue();
    }

    private static Object slice(List<@Nullable Object> a) {
        if (a.isEmpty() || a.size() > 3 || a.getFirst() == null) {
            throw GoTemplate.failed("slice wants a string or list and at most two positions");
        }
        Object o = a.getFirst();
        int size = o instanceof String s ? s.length() : o instanceof List<?> l ? l.size() : -1;
        if (size < 0) {
            throw GoTemplate.failed("can't slice item of type " + GoFormat.typeName(o));
        }
        int to = a.size() > 2 ? position(a.get(2), size) : size;
        int from = a.size() > 1 ? position(a.get(1), to) : 0;
        return o instanceof List<?> l ? l.subList(from, to) : ((String) o).substring(from, to);
    }

    /// `fmt.Sprint`: a space between two operands that are both no strings.
    private static String print(List<@Nullable Object> a) {
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < a.size(); i++) {
            if (i > 0 && !(a.get(i) instanceof String) && !(a.get(i - 1) instanceof String)) {
                b.append(' ');
            }
            b.append(GoFormat.value(a.get(i)));
        }
        return b.toString();
    }

    private static String html(String s) {
        return s.replace("&", "&amp;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;")
                .replace("<", "&lt;")
                .replace(">", "&gt;");
    }

    private static String javascript(String s) {
        StringBuilder b = new StringBuilder();
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            if (c == '\\' || c == '\'' || c == '"') {
                b.append('\\').append(c);
            } else if (c < ' ' || "<>&=".indexOf(c) >= 0) {
                b.append(String.format(Locale.ROOT, "\\u%04X", (int) c));
            } else {
                b.append(c);
            }
        }
        return b.toString();
    }

    private static String title(String s) {
        StringBuilder b = new StringBuilder();
        boolean start = true;
        for (int c : s.codePoints().toArray()) {
            b.appendCodePoint(start ? Character.toTitleCase(c) : c);
            start = !Character.isLetterOrDigit(c) && c != '_' && c != '\'';
        }
        return b.toString();
    }

    private static String join(List<@Nullable Object> a) {
        if (!(a.get(0) instanceof List<?> list)) {
            throw GoTemplate.failed("join wants a list; got " + GoFormat.typeName(a.get(0)));
        }
        return list.stream().map(GoFormat::value).collect(Collectors.joining(string("join", a.get(1))));
    }

    private static List<String> split(String s, String separator) {
        if (separator.isEmpty()) {
            return s.codePoints().mapToObj(Character::toString).toList();
        }
        return Arrays.asList(s.split(java.util.regex.Pattern.quote(separator), -1));
    }
}
