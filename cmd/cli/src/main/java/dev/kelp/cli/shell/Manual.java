// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.shell.Commands.Row;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// What is installed for the user to read and for shells: the help of all commands, for manual pages, and the scripts
/// that complete words.
public final class Manual {
    private static final String PROGRAM = "kelp";

    private Manual() {}

    /// One page.
    ///
    /// @param names all the page is found by, words joined by hyphens; the first is what its text calls it:
    /// `kelp-run`,
    ///     `kelp-container-run`
    public record Page(List<String> names, Consumer<PageWriter> text) {
        public Page {
            names = List.copyOf(names);
        }

        public String name() {
            return names.getFirst();
        }
    }

    /// The page of the program, then one for each command and each group of commands. A command of a group that is
    /// one
    /// of the program's own as well, by the same name, is on that one's page.
    public static List<Page> pages() {
        List<Page> pages = new ArrayList<>();
        pages.add(new Page(List.of(PROGRAM), page -> HelpPage.group(PROGRAM, Commands.ROOT, true, page)));
        Map<Row, List<String>> commands = new LinkedHashMap<>();
        Commands.ROOT.stream()
                .filter(row -> row.children().isEmpty())
                .forEach(row -> commands.put(row, names(List.of(PROGRAM), row)));
        for (Row group : Commands.ROOT) {
            if (!group.children().isEmpty()) {
                addGroup(group, commands, pages);
            }
        }
        commands.forEach((row, names) -> pages.add(command(row, names)));
        return pages;
    }

    /// The script that `kelp completion SHELL` prints.
    public static String completion(String shell) {
        return CompletionCommand.script(shell, PROGRAM);
    }

    private static void addGroup(Row group, Map<Row, List<String>> commands, List<Page> pages) {
        List<String> names = names(List.of(PROGRAM), group);
        pages.add(new Page(names, page -> HelpPage.group(PROGRAM + " " + group.name(), group.children(), false, page)));
        for (Row row : group.children()) {
            Row same = commands.keySet().stream()
                    .filter(other ->
                            Commands.ROOT.contains(other) && other.name().equals(row.name()) && sameCommand(other, row))
                    .findFirst()
                    .orElse(row);
            commands.computeIfAbsent(same, r -> new ArrayList<>()).addAll(names(names, row));
        }
    }

    private static boolean sameCommand(Row one, Row other) {
        return Model.of(one).command().getClass() == Model.of(other).command().getClass();
    }

    private static List<String> names(List<String> groups, Row row) {
        return new ArrayList<>(groups.stream()
                .flatMap(group -> row.names().stream().map(name -> group + "-" + name))
                .toList());
    }

    private static Page command(Row row, List<String> names) {
        String words = words(row, names.getFirst());
        return new Page(
                names, page -> HelpPage.command(words, row, Model.of(row).spec(), page));
    }

    /// Commands have no hyphens in their names, but one who gets one must not be torn apart.
    private static String words(Row row, String name) {
        String group = name.substring(0, name.length() - row.name().length() - 1);
        return group.replaceFirst("-", " ") + " " + row.name();
    }
}
