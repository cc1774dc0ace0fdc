// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// A command line as Go's flag package reads it: one or two dashes, a value after `=` or as the next word, a switch's
/// value only after `=`; the first other word begins the command.
final class Arguments {
    private final Map<Flag, List<String>> given = new EnumMap<>(Flag.class);
    private int firstWord;
    private String command = "";

    private Arguments() {}

    /// @param words with the program's own name first, as the native launcher has them
    static Arguments parse(List<String> words) {
        Arguments parsed = new Arguments();
        int at = 1;
        while (at < words.size()) {
            String word = words.get(at);
            if (word.equals("--")) {
                at++;
                break;
            }
            if (!word.startsWith("-") || word.equals("-")) {
                break;
            }
            at = parsed.take(words, at);
        }
        parsed.firstWord = at;
        parsed.command = at < words.size() ? words.get(at) : "";
        return parsed;
    }

    private int take(List<String> words, int at) {
        String body = words.get(at).substring(words.get(at).startsWith("--") ? 2 : 1);
        int equals = body.indexOf('=');
        String name = equals < 0 ? body : body.substring(0, equals);
        Flag flag = Flag.named(name)
                .orElseThrow(() -> KelpException.invalid("flag provided but not defined: -" + name)
                        .withHint("rootlesskit --help lists the flags"));
        int next = at + 1;
        String value;
        if (equals >= 0) {
            value = body.substring(equals + 1);
        } else if (flag.kind() == Flag.Kind.SWITCH) {
            value = "true";
        } else if (next < words.size()) {
            value = words.get(next++);
        } else {
            throw KelpException.invalid("flag needs an argument: -" + name);
        }
        check(flag, value);
        List<String> all = given.computeIfAbsent(flag, f -> new ArrayList<>());
        if (flag.kind() == Flag.Kind.LIST) {
            all.addAll(List.of(value.split(",")));
        } else {
            all.add(value);
        }
        return next;
    }

    private static void check(Flag flag, String value) {
        boolean fine = switch (flag.kind()) {
            case SWITCH -> value.matches("1|t|T|true|TRUE|True|0|f|F|false|FALSE|False");
            case NUMBER -> value.matches("-?\\d{1,9}");
            case TEXT, LIST -> true;
        };
        if (!fine) {
            throw KelpException.invalid("invalid value \"" + value + "\" for flag -" + flag.word());
        }
    }

    /// The index of the command's first word; the number of words when there is none.
    int firstWord() {
        return firstWord;
    }

    /// The command's first word, for messages: its bytes may be no UTF-8.
    String command() {
        return command;
    }

    /// The last value given, or the default.
    String text(Flag flag) {
        return given.containsKey(flag) ? given.get(flag).getLast() : flag.byDefault();
    }

    boolean on(Flag flag) {
        return text(flag).matches("1|t|T|true|TRUE|True");
    }

    int number(Flag flag) {
        return Integer.parseInt(text(flag));
    }

    List<String> list(Flag flag) {
        return List.copyOf(given.getOrDefault(flag, List.of()));
    }
}
