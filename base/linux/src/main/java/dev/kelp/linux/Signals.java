// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Locale;

/// Names of signals (signal(7)), as users type them: `TERM`, `SIGTERM`, `15`, `RTMIN+3`.
public final class Signals {
    private static final int RTMIN = 34;
    private static final int RTMAX = 64;
    private static final List<String> NAMES = List.of(
            "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
            "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM",
            "PROF", "WINCH", "IO", "PWR", "SYS");

    private Signals() {}

    /// The number of a signal given by name or number.
    ///
    /// @throws KelpException INVALID_ARGUMENT
    public static int parse(String text) {
        String name = text.strip().toUpperCase(Locale.ROOT);
        if (name.startsWith("SIG")) {
            name = name.substring(3);
        }
        if (name.matches("\\d{1,3}")) {
            return checked(Integer.parseInt(name), text);
        }
        int at = NAMES.indexOf(name);
        if (at > 0) {
            return at;
        }
        return switch (name) {
            case "IOT" -> NAMES.indexOf("ABRT");
            case "CLD" -> NAMES.indexOf("CHLD");
            case "POLL" -> NAMES.indexOf("IO");
            case "RTMIN" -> RTMIN;
            case "RTMAX" -> RTMAX;
            default -> realTime(name, text);
        };
    }

    private static int realTime(String name, String text) {
        if (name.matches("RTMIN\\+\\d{1,2}")) {
            return checked(RTMIN + Integer.parseInt(name.substring(6)), text);
        }
        if (name.matches("RTMAX-\\d{1,2}")) {
            return checked(RTMAX - Integer.parseInt(name.substring(6)), text);
        }
        throw KelpException.invalid("`" + text + "` is not a signal");
    }

    private static int checked(int number, String text) {
        if (number < 1 || number > RTMAX) {
            throw KelpException.invalid("`" + text + "` is not a signal: 1 to " + RTMAX + " are");
        }
        return number;
    }
}
