// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Go's `fmt` verbs for the values templates know.
final class GoFormat {
    /// A wider field is certainly a mistake.
    static final int WIDTH_MAX = 10_000;

    private GoFormat() {}

    /// `%v`.
    static String value(@Nullable Object o) {
        return switch (o) {
            case null -> "<nil>";
            case Double d -> shortest(d);
            case List<?> list -> list.stream().map(GoFormat::value).collect(Collectors.joining(" ", "[", "]"));
            case SortedMap<?, ?> map ->
                map.entrySet().stream()
                        .map(e -> e.getKey() + ":" + value(e.getValue()))
                        .collect(Collectors.joining(" ", "map[", "]"));
            case Map<?, ?> struct ->
                struct.values().stream().map(GoFormat::value).collect(Collectors.joining(" ", "{", "}"));
            default -> o.toString();
        };
    }

    static String typeName(@Nullable Object o) {
        return switch (o) {
            case null -> "<nil>";
            case Boolean _ -> "bool";
            case Double _ -> "float64";
            case Number _ -> "int";
            case String _ -> "string";
            case List<?> _ -> "[]interface {}";
            case Map<?, ?> _ -> "map[string]interface {}";
            default -> "interface {}";
        };
    }

    /// `%v` of a float64: `%g` with the shortest digits that read back, exponents from 21 on.
    private static String shortest(double d) {
        if (Double.isNaN(d) || Double.isInfinite(d)) {
            return Double.isNaN(d) ? "NaN" : d > 0 ? "+Inf" : "-Inf";
        }
        if (d == 0) {
            return "0";
        }
        BigDecimal exact = new BigDecimal(Double.toString(d)).stripTrailingZeros();
        int exponent = exact.precision() - exact.scale() - 1;
        if (exponent >= -4 && exponent < 21) {
            return exact.toPlainString();
        }
        String digits = exact.unscaledValue().abs().toString();
        String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
        return (d < 0 ? "-" : "") + mantissa + "e" + (exponent < 0 ? "-" : "+")
                + String.format(Locale.ROOT, "%02d", Math.abs(exponent));
    }

    /// `fmt.Sprintf`.
    static String sprintf(String format, List<@Nullable Object> arguments) {
        StringBuilder out = new StringBuilder();
        int next = 0;
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            Verb verb = Verb.parse(format, i + 1);
            i = verb.end;
            if (verb.letter == 0) {
                out.append("%!(NOVERB)");
            } else if (verb.letter == '%') {
                out.append('%');
            } else if (next >= arguments.size()) {
                out.append("%!").append(verb.letter).append("(MISSING)");
            } else {
                out.append(verb.apply(arguments.get(next++)));
            }
        }
        if (next < arguments.size()) {
            out.append("%!(EXTRA ")
                    .append(arguments.subList(next, arguments.size()).stream()
                            .map(a -> typeName(a) + "=" + value(a))
                            .collect(Collectors.joining(", ")))
                    .append(')');
        }
        return out.toString();
    }

    /// One `%[flags][width][.precision]letter`; −1 where width or precision is not given.
    private record Verb(String flags, int width, int precision, char letter, int end) {
        static Verb parse(String format, int start) {
            int i = start;
            while (i < format.length() && "+-# 0".indexOf(format.charAt(i)) >= 0) {
                i++;
            }
            String flags = format.substring(start, i);
            int widthStart = i;
            i = digits(format, i);
            int width = i == widthStart ? -1 : number(format.substring(widthStart, i));
            int precision = -1;
            if (i < format.length() && format.charAt(i) == '.') {
                int precisionStart = i + 1;
                i = digits(format, precisionStart);
                precision = i == precisionStart ? 0 : number(format.substring(precisionStart, i));
            }
            return new Verb(flags, width, precision, i < format.length() ? format.charAt(i) : 0, i);
        }

        private static int digits(String s, int from) {
            int i = from;
            while (i < s.length() && s.charAt(i) >= '0' && s.charAt(i) <= '9') {
                i++;
            }
            return i;
        }

        private static int number(String digits) {
            return digits.length() > 5 ? WIDTH_MAX : Math.min(WIDTH_MAX, Integer.parseInt(digits));
        }

        private boolean has(char flag) {
            return flags.indexOf(flag) >= 0;
        }

        String apply(@Nullable Object o) {
            String text = body(o);
            if (text == null) {
                return "%!" + letter + "(" + (o == null ? "<nil>" : typeName(o) + "=" + value(o)) + ")";
            }
            int missing = width - text.codePointCount(0, text.length());
            if (missing <= 0) {
                return text;
            }
            if (has('-')) {
                return text + " ".repeat(missing);
            }
            if (has('0')) {
                boolean signed = o instanceof Number && (text.startsWith("-") || text.startsWith("+"));
                return signed ? text.charAt(0) + "0".repeat(missing) + text.substring(1) : "0".repeat(missing) + text;
            }
            return " ".repeat(missing) + text;
        }

        private @Nullable String body(@Nullable Object o) {
            return switch (letter) {
                case 'v' -> o instanceof String s && has('#') ? quote(s) : o instanceof String s ? cut(s) : value(o);
                case 's' -> o instanceof Number || o instanceof Boolean || o == null ? null : cut(value(o));
                case 'q' -> quoted(o);
                case 'U' -> o instanceof Long n ? String.format(Locale.ROOT, "U+%04X", n) : null;
                case 'd' -> o instanceof Long n ? sign(n) + n : null;
                case 'b' -> o instanceof Long n ? Long.toString(n, 2) : null;
                case 'o' -> o instanceof Long n ? Long.toString(n, 8) : null;
                case 'c' -> o instanceof Long n ? point(n) : null;
                case 't' -> o instanceof Boolean b ? b.toString() : null;
                case 'x', 'X' -> hexadecimal(o);
                case 'T' -> typeName(o);
                case 'f', 'F' -> o instanceof Double d ? sign(d) + floating("f", d) : null;
                case 'e', 'E' -> o instanceof Double d ? sign(d) + floating(String.valueOf(letter), d) : null;
                case 'g', 'G' -> o instanceof Double d ? sign(d) + shortest(d) : null;
                default -> null;
            };
        }

        private @Nullable String quoted(@Nullable Object o) {
            return switch (o) {
                case String s -> quote(cut(s));
                case Long n -> "'" + point(n) + "'";
                case List<?> l -> {
                    List<@Nullable String> parts = l.stream().map(this::quoted).toList();
                    yield parts.contains(null) ? null : "[" + String.join(" ", parts) + "]";
                }
                case null, default -> null;
            };
        }

        private String floating(String conversion, double d) {
            return String.format(Locale.ROOT, "%." + (precision < 0 ? 6 : Math.min(precision, 400)) + conversion, d);
        }

        private String sign(Number n) {
            return n.doubleValue() < 0 ? "" : has('+') ? "+" : has(' ') ? " " : "";
        }

        private String cut(String s) {
            return precision < 0 || precision >= s.codePointCount(0, s.length())
                    ? s
                    : s.substring(0, s.offsetByCodePoints(0, precision));
        }

        private static String point(long n) {
            return Character.isValidCodePoint((int) n) ? Character.toString((int) n) : "\ufffd";
        }

        private @Nullable String hexadecimal(@Nullable Object o) {
            String text = switch (o) {
                case Long n -> Long.toString(n, 16);
                case String s -> HexFormat.of().formatHex(s.getBytes(StandardCharsets.UTF_8));
                case null, default -> null;
            };
            return text == null || letter == 'x' ? text : text.toUpperCase(Locale.ROOT);
        }
    }

    /// `strconv.Quote`.
    static String quote(String s) {
        StringBuilder b = new StringBuilder("\"");
        s.codePoints().forEach(c -> {
            int simple = "\u0007\b\f\n\r\t\u000b\\\"".indexOf(c);
            if (simple >= 0) {
                b.append('\\').append("abfnrtv\\\"".charAt(simple));
            } else if (c < ' ' || c == 0x7f) {
                b.append(String.format(Locale.ROOT, "\\x%02x", c));
            } else {
                b.appendCodePoint(c);
            }
        });
        return b.append('"').toString();
    }
}
