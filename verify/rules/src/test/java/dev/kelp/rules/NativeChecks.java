// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The length of functions in C: from the first word of the declaration to the closing brace.
final class NativeChecks {
    static final int MAX_FUNCTION_LINES = 70;

    /// Comments, strings, characters and preprocessor lines: all that may hide a brace.
    private static final Pattern HIDDEN =
            Pattern.compile("/\\*(?s:.*?)\\*/|//[^\n]*|\"(?:\\\\.|[^\"\\\\\n])*\"|'(?:\\\\.|[^'\\\\\n])+'"
                    + "|(?m:^)[ \t]*#(?:\\\\\n|[^\n])*");

    private NativeChecks() {}

    static List<Finding> functionLength(SourceTree tree) {
        List<Finding> found = new ArrayList<>();
        for (String path : tree.paths(p -> p.endsWith(".c"))) {
            for (Function f : functions(tree.text(path))) {
                if (f.lines() > MAX_FUNCTION_LINES) {
                    found.add(new Finding(
                            path,
                            f.firstLine,
                            "function of " + f.lines() + " lines, " + MAX_FUNCTION_LINES + " at most"));
                }
            }
        }
        return found;
    }

    record Function(int firstLine, int lastLine) {
        int lines() {
            return lastLine - firstLine + 1;
        }
    }

    /// Every top-level block that follows a closing parenthesis.
    static List<Function> functions(String text) {
        String code = HIDDEN.matcher(text).replaceAll(m -> m.group().replaceAll("[^\n]", " "));
        List<Function> functions = new ArrayList<>();
        int depth = 0;
        int line = 1;
        int firstLine = 0;
        char last = ' ';
        boolean function = false;
        for (char c : code.toCharArray()) {
            if (c == '\n') {
                line++;
            }
            if (Character.isWhitespace(c)) {
                continue;
            }
            if (firstLine == 0) {
                firstLine = line;
            }
            if (c == '{' && depth++ == 0) {
                function = last == ')';
            } else if (c == '}' && --depth == 0 && function) {
                functions.add(new Function(firstLine, line));
                firstLine = 0;
            } else if (c == ';' && depth == 0) {
                firstLine = 0;
            }
            last = c;
        }
        return functions;
    }
}
