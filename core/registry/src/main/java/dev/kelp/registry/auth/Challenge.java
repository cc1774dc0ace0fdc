// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.auth;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// One challenge of `WWW-Authenticate` (RFC 9110, section 11.6.1): a scheme in lower case and its parameters, names in
/// lower case. Reading is lenient: what does not parse is skipped, nothing fails.
public record Challenge(String scheme, Map<String, String> parameters) {
    private static final int HEADER_LENGTH_MAX = 8 << 10;
    private static final int CHALLENGES_MAX = 16;

    public Challenge {
        parameters = Map.copyOf(parameters);
    }

    public Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name)).filter(v -> !v.isEmpty());
    }

    public boolean isBearer() {
        return scheme.equals("bearer");
    }

    public boolean isBasic() {
        return scheme.equals("basic");
    }

    /// All challenges of all header lines, in order; lines longer than 8 KiB are ignored.
    public static List<Challenge> parse(List<String> headers) {
        List<Challenge> all = new ArrayList<>();
        for (String header : headers) {
            if (header.length() <= HEADER_LENGTH_MAX) {
                new Scanner(header).into(all);
            }
        }
        return List.copyOf(all.subList(0, Math.min(all.size(), CHALLENGES_MAX)));
    }

    /// A word followed by `=` is a parameter of the scheme before it; any other word begins a challenge.
    private static final class Scanner {
        private final String text;
        private int at;

        Scanner(String text) {
            this.text = text;
        }

        void into(List<Challenge> out) {
            String scheme = "";
            Map<String, String> parameters = new LinkedHashMap<>();
            while (at < text.length()) {
                skip(" \t,");
                String word = token();
                if (word.isEmpty()) {
                    at++;
                    continue;
                }
                int mark = at;
                skip(" \t");
                if (at < text.length() && text.charAt(at) == '=') {
                    at++;
                    skip(" \t");
                    parameters.putIfAbsent(word.toLowerCase(Locale.ROOT), value());
                } else {
                    at = mark;
                    add(out, scheme, parameters);
                    scheme = word.toLowerCase(Locale.ROOT);
                    parameters = new LinkedHashMap<>();
                }
            }
            add(out, scheme, parameters);
        }

        private static void add(List<Challenge> out, String scheme, Map<String, String> parameters) {
            if (!scheme.isEmpty() && out.size() <= CHALLENGES_MAX) {
                out.add(new Challenge(scheme, parameters));
            }
        }

        private void skip(String chars) {
            while (at < text.length() && chars.indexOf(text.charAt(at)) >= 0) {
                at++;
            }
        }

        private String token() {
            int start = at;
            while (at < text.length() && isTokenChar(text.charAt(at))) {
                at++;
            }
            return text.substring(start, at);
        }

        private String value() {
            if (at >= text.length() || text.charAt(at) != '"') {
                int start = at;
                while (at < text.length() && text.charAt(at) != ',' && text.charAt(at) != ' ') {
                    at++;
                }
                return text.substring(start, at);
            }
            StringBuilder value = new StringBuilder();
            for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
                if (text.charAt(at) == '\\' && at + 1 < text.length()) {
                    at++;
                }
                value.append(text.charAt(at));
            }
            at++;
            return value.toString();
        }

        private static boolean isTokenChar(char c) {
            return c > ' ' && c < 0x7f && "()<>@,;:\\\"/[]?={}".indexOf(c) < 0;
        }
    }
}
