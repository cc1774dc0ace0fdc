// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A command line as Go's pflag package reads it: `--name=value`, `--name value`, a switch's value only after `=`, `-p`
/// for `--publish`. There are no other words.
final class Flags {
    /// A flag.
    ///
    /// @param value what `--help` calls its value; empty: it is a switch
    record Known(String name, String value, String meaning) {}

    private final String program;
    private final List<Known> known;
    private final Map<String, List<String>> given = new HashMap<>();

    private Flags(String program, List<Known> known) {
        this.program = program;
        this.known = known;
    }

    /// @param words the program's name first
    /// @throws KelpException INVALID_ARGUMENT
    static Flags parse(List<String> words, List<Known> known) {
        Flags flags = new Flags(words.getFirst().substring(words.getFirst().lastIndexOf('/') + 1), known);
        for (int at = 1; at < words.size(); at++) {
            at = flags.take(words, at);
        }
        return flags;
    }

    private int take(List<String> words, int at) {
        String word = words.get(at);
        String name;
        String value = null;
        if (word.startsWith("--")) {
            int equals = word.indexOf('=');
            name = equals < 0 ? word.substring(2) : word.substring(2, equals);
            value = equals < 0 ? null : word.substring(equals + 1);
        } else if (word.startsWith("-p") && named("publish")) {
            name = "publish";
            String rest = word.substring(2);
            value = rest.isEmpty() ? null : rest.startsWith("=") ? rest.substring(1) : rest;
        } else {
            throw wrong(word.startsWith("-") ? "unknown shorthand flag: " + word : "invalid command: " + word);
        }
        Known flag = known.stream()
                .filter(k -> k.name().equals(name))
                .findFirst()
                .orElseThrow(() -> wrong("unknown flag: --" + name));
        int last = at;
        if (flag.value().isEmpty()) {
            value = value == null ? "true" : value;
            if (!value.matches("1|t|T|true|TRUE|True|0|f|F|false|FALSE|False")) {
                throw wrong("invalid argument \"" + value + "\" for --" + name);
            }
        } else if (value == null) {
            last++;
            if (last == words.size()) {
                throw wrong("flag needs an argument: --" + name);
            }
            value = words.get(last);
        }
        given.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
        return last;
    }

    private boolean named(String name) {
        return known.stream().anyMatch(k -> k.name().equals(name));
    }

    private KelpException wrong(String message) {
        return KelpException.invalid(message).withHint(program + " --help lists the flags");
    }

    boolean on(String name) {
        return given.containsKey(name) && given.get(name).getLast().matches("1|t|T|true|TRUE|True");
    }

    /// The last value given, or this one.
    String text(String name, String otherwise) {
        return given.containsKey(name) ? given.get(name).getLast() : otherwise;
    }

    /// A descriptor's number, -1 without.
    int descriptor(String name) {
        String text = text(name, "-1");
        if (!text.matches("-1|\\d{1,7}")) {
            throw wrong("invalid argument \"" + text + "\" for --" + name + ": it is no descriptor");
        }
        return Integer.parseInt(text);
    }

    List<String> all(String name) {
        return List.copyOf(given.getOrDefault(name, List.of()));
    }

    String help() {
        StringBuilder page = new StringBuilder("Usage of " + program + ":\n");
        for (Known k : known) {
            String name = (k.name().equals("publish") ? "  -p, --" : "      --") + k.name() + " " + k.value();
            page.append(String.format("%-38s %s%n", name, k.meaning()));
        }
        return page.toString().stripTrailing();
    }
}
