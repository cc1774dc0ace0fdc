// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.GlobalFlags;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.shell.Commands.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// What may stand at the cursor of an unfinished command line: commands, flags, their values, and names the engine has.
///
/// The hidden command `__complete LINE` answers with one candidate a line, `VALUE` or `VALUE<TAB>DESCRIPTION`, and with
/// nothing where only the user knows (or a file is meant). It never fails: a shell would print the error between the
/// user's words.
final class Completion {
    /// What [Shell] takes as the first word; the help does not show it.
    static final String WORD = "__complete";

    /// More would not be read by anybody.
    private static final int CANDIDATES_MAX = 1000;

    private final Invocation call;
    private final List<String> candidates = new ArrayList<>();

    private Completion(Invocation call) {
        this.call = call;
    }

    /// @param line what was typed up to the cursor, the program's name first
    static List<String> of(Invocation call, String line) {
        Completion c = new Completion(call);
        CommandLineWords words = CommandLineWords.of(line);
        c.complete(words);
        return c.candidates.stream()
                .filter(value -> value.startsWith(words.current()))
                .distinct()
                .limit(CANDIDATES_MAX)
                .toList();
    }

    private void complete(CommandLineWords words) {
        List<Row> rows = Commands.ROOT;
        List<String> before = words.before();
        int at = 0;
        while (at < before.size()) {
            String word = before.get(at++);
            if (word.startsWith("-")) {
                if (takesValue(word) && at == before.size()) {
                    CompletionValues.ofFlag(call, word).forEach(candidates::add);
                    return;
                }
                at += takesValue(word) ? 1 : 0;
                continue;
            }
            Optional<Row> row = word.equals("help") ? Optional.empty() : Commands.find(rows, word);
            if (row.isPresent() && row.get().factory() != null) {
                command(row.get(), before.subList(at, before.size()), words.current());
                return;
            }
            if (row.isPresent()) {
                rows = row.get().children();
            } else if (!word.equals("help")) {
                return;
            }
        }
        if (words.current().startsWith("-")) {
            GlobalFlags.ROWS.forEach(r -> r.names().forEach(n -> add(n, r.description())));
            add("--help", "print help");
        } else {
            rows.forEach(r -> add(r.name(), r.summary()));
            if (rows.equals(Commands.ROOT)) {
                add("help", "print help");
            }
        }
    }

    private static boolean takesValue(String word) {
        return GlobalFlags.ROWS.stream()
                .anyMatch(r -> r.kind() != GlobalFlags.Kind.SWITCH && r.names().contains(word));
    }

    private void command(Row row, List<String> before, String current) {
        Model model = Model.of(row);
        try {
            CommandSpec spec = model.spec();
            int positionals = 0;
            boolean flagsEnded = false;
            for (int i = 0; i < before.size(); i++) {
                String word = before.get(i);
                if (!flagsEnded && word.startsWith("-") && word.length() > 1) {
                    OptionSpec option = valued(spec, word);
                    if (word.equals("--")) {
                        flagsEnded = true;
                    } else if (option != null && ++i == before.size()) {
                        values(option);
                        return;
                    }
                } else {
                    positionals++;
                    flagsEnded |= model.command().endsFlags();
                }
            }
            if (!flagsEnded && current.startsWith("-")) {
                flags(spec, current);
            } else {
                positional(spec, positionals, flagsEnded && model.command().endsFlags());
            }
        } finally {
            model.giveBack(row);
        }
    }

    /// The flag, when its value is the next word. Of bundled short flags the last one may have a value.
    private static @Nullable OptionSpec valued(CommandSpec spec, String word) {
        boolean bundle = !word.startsWith("--") && word.length() > 2;
        OptionSpec option = spec.optionsMap().get(bundle ? "-" + word.charAt(word.length() - 1) : word);
        return option == null || option.arity().min() == 0 ? null : option;
    }

    private void flags(CommandSpec spec, String current) {
        int equals = current.indexOf('=');
        if (equals > 0) {
            String name = current.substring(0, equals);
            OptionSpec option = spec.optionsMap().get(name);
            if (option != null) {
                values(option);
                candidates.replaceAll(value -> name + "=" + value);
            }
            return;
        }
        for (OptionSpec option : spec.options()) {
            if (!option.hidden()) {
                add(option.longestName(), String.join(" ", option.description()));
            }
        }
    }

    private void values(OptionSpec option) {
        Object[] constants = option.type().getEnumConstants();
        if (constants != null) {
            Arrays.stream(constants).map(String::valueOf).forEach(candidates::add);
        }
        Stream.of(option.names())
                .flatMap(name -> CompletionValues.ofFlag(call, name))
                .forEach(candidates::add);
    }

    private void positional(CommandSpec spec, int position, boolean commandsOwn) {
        if (commandsOwn) {
            return;
        }
        Predicate<PositionalParamSpec> here = p -> p.index().contains(position);
        spec.positionalParameters().stream()
                .filter(here)
                .findFirst()
                .ifPresent(
                        p -> CompletionValues.ofArgument(call, p.paramLabel()).forEach(candidates::add));
    }

    private void add(String value, String description) {
        candidates.add(description.isEmpty() ? value : value + "\t" + description);
    }
}
