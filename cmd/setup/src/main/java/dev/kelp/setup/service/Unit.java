// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

/// A unit of systemd's (systemd.unit(5)).
///
/// @param name with its ending
/// @param text what its file says
public record Unit(String name, String text) {
    private static final String MARK = "# Made by `kelp setup`. Changes belong into a drop-in: systemctl --user edit ";

    static Unit of(String name, String text) {
        return new Unit(name, MARK + name + "\n" + text);
    }

    /// Whether a file of that text was made here.
    public static boolean isOurs(String text) {
        return text.startsWith(MARK);
    }

    /// A word of a command or an assignment, with nothing in it that systemd would expand or split.
    static String quoted(String word) {
        return '"'
                + word.replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("%", "%%")
                        .replaceAll("\\p{Cntrl}", "?")
                + '"';
    }

    /// The same in a command, where a dollar sign would be a variable.
    static String argument(String word) {
        return quoted(word).replace("$", "$$");
    }

    static String environment(String name, String value) {
        return "Environment=" + quoted(name + "=" + value) + "\n";
    }
}
