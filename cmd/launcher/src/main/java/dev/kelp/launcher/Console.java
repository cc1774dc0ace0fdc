// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.model.KelpException;
import java.io.PrintStream;

/// What is said to the user, each line with the name of the side that speaks.
final class Console {
    private static final String PREFIX = "[rootlesskit:parent] ";

    private final PrintStream out;
    private final PrintStream err;
    private final boolean debugging;

    Console(PrintStream out, PrintStream err, boolean debugging) {
        this.out = out;
        this.err = err;
        this.debugging = debugging;
    }

    void print(String text) {
        out.println(text);
        out.flush();
    }

    void warn(String text) {
        err.println(PREFIX + "warning: " + text);
    }

    void debug(String text) {
        if (debugging) {
            err.println(PREFIX + "debug: " + text);
        }
    }

    void error(KelpException e) {
        err.println(PREFIX + "error: " + e.getMessage());
        e.hint().ifPresent(hint -> err.println(PREFIX + "hint: " + hint));
        if (debugging) {
            for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
                debug("caused by " + cause);
            }
        }
    }

    void error(String text) {
        err.println(PREFIX + "error: " + text);
    }
}
