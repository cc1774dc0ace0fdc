// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.model.KelpException;
import java.io.PrintStream;

/// What is said to the user.
final class Console {
    /// Before each line, since the command speaks to the same terminal.
    static final String PARENT = "[rootlesskit:parent] ";

    private final PrintStream out;
    private final PrintStream err;
    private final String prefix;
    private final boolean debugging;

    Console(PrintStream out, PrintStream err, String prefix, boolean debugging) {
        this.out = out;
        this.err = err;
        this.prefix = prefix;
        this.debugging = debugging;
    }

    void print(String text) {
        out.println(text);
        out.flush();
    }

    void warn(String text) {
        err.println(prefix + "warning: " + text);
    }

    void debug(String text) {
        if (debugging) {
            err.println(prefix + "debug: " + text);
        }
    }

    void error(KelpException e) {
        err.println(prefix + "error: " + e.getMessage());
        e.hint().ifPresent(hint -> err.println(prefix + "hint: " + hint));
        if (debugging) {
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                debug("caused by " + cause);
            }
        }
    }

    void error(String text) {
        err.println(prefix + "error: " + text);
    }
}
