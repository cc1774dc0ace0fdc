// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import java.util.ArrayList;
import java.util.List;

/// The words of a command line that is still being typed, as a POSIX shell would see them (XCU 2.2, quoting); nothing
/// is
/// expanded.
///
/// @param before the words that are complete, the program's name not among them
/// @param current what stands before the cursor since the last blank, without quotes
record CommandLineWords(List<String> before, String current) {
    static CommandLineWords of(String line) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean within = false;
        char quote = 0;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (quote != 0) {
                if (c == quote) {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '\'' || c == '"') {
                quote = c;
                within = true;
            } else if (c == '\\' && i + 1 < line.length()) {
                word.append(line.charAt(++i));
                within = true;
            } else if (!Character.isWhitespace(c)) {
                word.append(c);
                within = true;
            } else if (within) {
                words.add(word.toString());
                word.setLength(0);
                within = false;
            }
        }
        return new CommandLineWords(
                List.copyOf(words.subList(Math.min(1, words.size()), words.size())), word.toString());
    }
}
