// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// The checks that read lines.
final class TextChecks {
    static final int MAX_JAVA_LINES = 600;
    static final int MAX_NATIVE_LINES = 1500;
    static final int MAX_COLUMNS = 120;
    static final String NATIVE_PROGRAM = "native/kelp.c";

    private static final String LICENCE = "SPDX-License-Identifier: Apache-2.0";
    private static final Pattern LEFT_OPEN = Pattern.compile("\\b(?:FIX" + "ME|TO" + "DO|X" + "XX)\\b");
    /// Folders of build machines, and of people other than those of examples.
    private static final Pattern OF_A_MACHINE =
            Pattern.compile("(?<![\\w$}.~*-])/(?:(?:work|farm)/|(?:home|Users)/(?!(?:alice|ann|bob|user|u)\\b)[a-z])");
    private static final Set<String> VAGUE =
            Set.of("util", "utils", "common", "helper", "helpers", "manager", "managers", "impl");

    private TextChecks() {}

    static List<Finding> fileLength(SourceTree tree) {
        List<Finding> found = new ArrayList<>();
        for (String path : tree.paths(p -> isJava(p) || isC(p))) {
            long limit = isC(path) ? MAX_NATIVE_LINES : MAX_JAVA_LINES;
            long lines = tree.text(path).lines().count();
            if (lines > limit) {
                found.add(new Finding(path, 0, lines + " lines, " + limit + " at most"));
            }
        }
        return found;
    }

    static List<Finding> lineLength(SourceTree tree) {
        return tree.lines(p -> isJava(p) || isC(p) || p.endsWith(".md"), (path, line) -> {
            int columns = line.codePointCount(0, line.length());
            boolean table = path.endsWith(".md") && line.startsWith("|");
            return columns > MAX_COLUMNS && !table ? columns + " columns, " + MAX_COLUMNS + " at most" : null;
        });
    }

    static List<Finding> licence(SourceTree tree) {
        return Stream.concat(
                        tree.paths(p -> isJava(p) || isC(p)).stream().filter(p -> !headed(tree, p, 1)),
                        tree.paths(p -> p.endsWith(".py") || tree.text(p).startsWith("#!")).stream()
                                .filter(p -> !headed(tree, p, 2)))
                .map(p -> new Finding(p, 1, "no " + LICENCE + " at the top"))
                .toList();
    }

    private static boolean headed(SourceTree tree, String path, int lines) {
        return tree.text(path).lines().limit(lines).anyMatch(l -> l.contains(LICENCE));
    }

    static List<Finding> leftOpen(SourceTree tree) {
        return tree.lines(
                TextChecks::isWritten,
                (path, line) ->
                        LEFT_OPEN.matcher(line).find() ? "something is left to do: do it, or say what is" : null);
    }

    static List<Finding> tab(SourceTree tree) {
        return tree.lines(TextChecks::isJava, (path, line) -> line.contains("\t") ? "a tab" : null);
    }

    static List<Finding> machinePath(SourceTree tree) {
        return tree.lines(
                TextChecks::isWritten,
                (path, line) -> OF_A_MACHINE.matcher(line).find() ? "a path of one machine" : null);
    }

    static List<Finding> vagueFolder(SourceTree tree) {
        return tree
                .paths(p -> Stream.of(p.toLowerCase(Locale.ROOT).split("[/.]")).anyMatch(VAGUE::contains))
                .stream()
                .map(p -> new Finding(p, 0, "the name of a file or folder says nothing"))
                .toList();
    }

    private static boolean isJava(String path) {
        return path.endsWith(".java");
    }

    private static boolean isC(String path) {
        return path.endsWith(".c") || path.endsWith(".h");
    }

    /// Not the inputs of fuzz tests, which no person wrote.
    private static boolean isWritten(String path) {
        return !path.contains("/src/test/resources/") && !path.endsWith(".seed");
    }
}
