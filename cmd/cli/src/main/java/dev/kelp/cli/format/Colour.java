// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import dev.kelp.cli.ClientContext;

/// Colours of a terminal. Nothing else gets them: not a pipe, not a user who has set NO_COLOR (https://no-color.org),
/// not a terminal that calls itself dumb.
public enum Colour {
    RED(31),
    GREEN(32),
    YELLOW(33);

    private static final String END = "\u001b[0m";

    private final String start;

    Colour(int code) {
        start = "\u001b[" + code + "m";
    }

    /// @param terminal whether what is written goes to one
    public static boolean isWanted(ClientContext client, boolean terminal) {
        return terminal
                && client.variables().getOrDefault("NO_COLOR", "").isEmpty()
                && !"dumb".equals(client.variables().get("TERM"));
    }

    public String paint(String text) {
        return start + text + END;
    }

    /// The text without any colours.
    static String strip(String text) {
        return text.indexOf('\u001b') < 0 ? text : text.replaceAll("\u001b\\[[0-9;]*m", "");
    }
}
