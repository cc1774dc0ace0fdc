// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import java.io.PrintStream;

/// The lines of the set-up tool: a word in brackets, and what it has to say.
///
/// @param coloured whether the reader is a terminal
record Console(PrintStream out, PrintStream err, boolean coloured) {
    private static final String BLUE = "\033[104m\033[97m";
    private static final String RED = "\033[101m\033[97m";
    private static final String PLAIN = "\033[0m";

    void print(String text) {
        out.println(text);
    }

    void info(String text) {
        out.println(tag(BLUE, "[INFO]") + " " + text);
    }

    void warning(String text) {
        say("[WARNING]", text);
    }

    void error(String text) {
        say("[ERROR]", text);
    }

    /// A command that is about to run, as a shell with `set -x` shows it.
    void trace(String command) {
        out.flush();
        err.println("+ " + command);
        err.flush();
    }

    /// On error output. Both outputs often lead to one place: keep the order.
    void say(String tag, String text) {
        out.flush();
        err.println(tag(tag.equals("[INFO]") ? BLUE : RED, tag) + " " + text);
        err.flush();
    }

    private String tag(String colour, String word) {
        return coloured ? colour + word + PLAIN : word;
    }
}
