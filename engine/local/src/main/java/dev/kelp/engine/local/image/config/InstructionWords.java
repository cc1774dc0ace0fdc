// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image.config;

import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// The text after an instruction's name.
final class InstructionWords {
    private final String text;
    private final Map<String, String> variables;
    private int at;

    private InstructionWords(String text, Map<String, String> variables) {
        this.text = text;
        this.variables = variables;
    }

    /// The words of a JSON array of strings (the "exec form"); empty when it is none.
    static Optional<List<String>> json(String text) {
        if (!text.startsWith("[")) {
            return Optional.empty();
        }
        try {
            JsonNode array = OciJson.tree(text.getBytes(StandardCharsets.UTF_8), "the list");
            List<String> words = new ArrayList<>();
            for (JsonNode word : array) {
                if (!word.isString()) {
                    return Optional.empty();
                }
                words.add(word.asString());
            }
            return array.isArray() ? Optional.of(words) : Optional.empty();
        } catch (KelpException e) {
            return Optional.empty();
        }
    }

    /// Splits at blanks outside quotes, takes quotes and backslashes away, and puts variables in: `$NAME`,
    /// `${NAME}`,
    /// `${NAME:-otherwise}`, `${NAME:+instead}`; not in single quotes.
    static List<String> split(String text, Map<String, String> variables) {
        InstructionWords words = new InstructionWords(text, variables);
        List<String> found = new ArrayList<>();
        while (words.skipBlanks()) {
            found.add(words.word(true));
        }
        return found;
    }

    /// The whole text as one word.
    static String expand(String text, Map<String, String> variables) {
        return new InstructionWords(text, variables).word(false);
    }

    private boolean skipBlanks() {
        while (at < text.length() && isBlank(text.charAt(at))) {
            at++;
        }
        return at < text.length();
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
    }

    private String word(boolean untilBlank) {
        StringBuilder word = new StringBuilder();
        while (at < text.length() && !(untilBlank && isBlank(text.charAt(at)))) {
            char c = text.charAt(at);
            switch (c) {
                case '\'' -> word.append(quoted());
                case '"' -> doubleQuoted(word);
                case '\\' -> {
                    at++;
                    if (at < text.length()) {
                        word.append(text.charAt(at++));
                    }
                }
                case '$' -> variable(word);
                default -> {
                    word.append(c);
                    at++;
                }
            }
        }
        return word.toString();
    }

    private String quoted() {
        int end = text.indexOf('\'', at + 1);
        if (end < 0) {
            throw unfinished("a single quote");
        }
        String inner = text.substring(at + 1, end);
        at = end + 1;
        return inner;
    }

    private void doubleQuoted(StringBuilder word) {
        at++;
        while (at < text.length() && text.charAt(at) != '"') {
            char c = text.charAt(at);
            if (c == '$') {
                variable(word);
            } else if (c == '\\' && at + 1 < text.length() && "\"$\\".indexOf(text.charAt(at + 1)) >= 0) {
                word.append(text.charAt(at + 1));
                at += 2;
            } else {
                word.append(c);
                at++;
            }
        }
        if (at == text.length()) {
            throw unfinished("a double quote");
        }
        at++;
    }

    private void variable(StringBuilder word) {
        at++;
        if (at < text.length() && text.charAt(at) == '{') {
            int end = text.indexOf('}', at);
            if (end < 0) {
                throw unfinished("`${`");
            }
            word.append(substituted(text.substring(at + 1, end)));
            at = end + 1;
            return;
        }
        int start = at;
        while (at < text.length() && isName(text.charAt(at), at > start)) {
            at++;
        }
        word.append(at == start ? "$" : variables.getOrDefault(text.substring(start, at), ""));
    }

    private String substituted(String inner) {
        int end = 0;
        while (end < inner.length() && isName(inner.charAt(end), end > 0)) {
            end++;
        }
        String value = variables.getOrDefault(inner.substring(0, end), "");
        String rest = inner.substring(end);
        if (rest.isEmpty() && end > 0) {
            return value;
        }
        if (rest.startsWith(":-")) {
            return value.isEmpty() ? rest.substring(2) : value;
        }
        if (rest.startsWith(":+")) {
            return value.isEmpty() ? "" : rest.substring(2);
        }
        throw KelpException.invalid("`${" + inner + "}` is not a way to name a variable");
    }

    private static boolean isName(char c, boolean digits) {
        return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (digits && c >= '0' && c <= '9');
    }

    private KelpException unfinished(String what) {
        return KelpException.invalid(what + " in `" + text + "` has no end");
    }
}
