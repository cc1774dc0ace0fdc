// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.cli.GlobalFlags;
import dev.kelp.cli.shell.Commands.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every command shows how it is used, and what it shows is understood.
class ExamplesTest {
    /// A word of a shell's command line with its quotes, or what ends a command.
    private static final Pattern WORD =
            Pattern.compile("\\s*((?:'[^']*'|\"(?:[^\"\\\\]|\\\\.)*\"|\\$\\([^)]*\\)|\\\\.|[^\\s'\"|&;<>])+|[|&;<>]+)");

    static Stream<Arguments> commands() {
        return Commands.ROOT.stream()
                .flatMap(r -> r.children().isEmpty()
                        ? Stream.of(Arguments.of(r.name(), r))
                        : r.children().stream().map(c -> Arguments.of(r.name() + " " + c.name(), c)));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("commands")
    void everyExampleIsUnderstood(String name, Row row) {
        Model model = Model.of(row);
        String[] examples = model.spec().usageMessage().footer();
        Class<?> own = model.command().getClass();
        model.giveBack(row);
        assertThat(examples).as("examples of " + name).isNotEmpty();
        List<Class<?>> shown = new ArrayList<>();
        for (String example : examples) {
            // what stands behind is said about it
            for (List<String> words : commands(example.split(" {4,}| {2,}#")[0])) {
                if (words.getFirst().equals("kelp")) {
                    shown.add(understood(example, words.subList(1, words.size())));
                }
            }
        }
        assertThat(shown).as("commands in the examples of " + name).contains(own);
    }

    private static Class<?> understood(String example, List<String> words) {
        GlobalFlags flags = new GlobalFlags();
        int at = flags.parse(words);
        assertThat(at).as(example).isLessThan(words.size());
        Row row = Commands.find(Commands.ROOT, words.get(at++)).orElseThrow(() -> new AssertionError(example));
        if (!row.children().isEmpty()) {
            row = Commands.find(row.children(), words.get(at++)).orElseThrow(() -> new AssertionError(example));
        }
        Model model = Model.of(row);
        assertThat(model.parse(flags, words.subList(at, words.size())))
                .as(example)
                .isTrue();
        Class<?> command = model.command().getClass();
        model.giveBack(row);
        return command;
    }

    /// The commands of a line, also those in `$(…)`.
    private static List<List<String>> commands(String line) {
        List<List<String>> all = new ArrayList<>();
        List<String> words = new ArrayList<>();
        boolean file = false;
        Matcher m = WORD.matcher(line);
        while (m.lookingAt()) {
            String word = m.group(1);
            m.region(m.end(), line.length());
            if (word.matches("[|&;<>]+")) {
                file = word.contains("<") || word.contains(">");
                if (!file) {
                    all.add(words);
                    words = new ArrayList<>();
                }
                continue;
            }
            if (file) {
                file = false;
                continue;
            }
            Matcher inner = Pattern.compile("\\$\\((.*)\\)").matcher(word);
            if (inner.find()) {
                all.addAll(commands(inner.group(1)));
                word = inner.replaceAll("x");
            }
            words.add(word.replaceAll("['\"]", ""));
        }
        all.add(words);
        all.removeIf(List::isEmpty);
        return all;
    }
}
