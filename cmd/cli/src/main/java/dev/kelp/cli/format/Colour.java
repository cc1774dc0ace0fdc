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

    /// The text with escapes for all control characters that are not a colour's.
    static String escape(String text) {
        if (text.chars().noneMatch(Character::isISOControl)) {
            return text;
        }
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            int length = lengthAt(text, i);
            char c = text.charAt(i);
            if (length > 0) {
                shown.append(text, i, i + length);
                i += length - 1;
            } else if (!Character.isISOControl(c)) {
                shown.append(c);
            } else {
                shown.append(c == '\n' ? "\\n" : c == '\t' ? "\\t" : String.format("\\x%02x", (int) c));
            }
        }
        return shown.toString();
    }

    /// How long the sequence of a colour or its end is that begins here; 0: none does.
    private static int lengthAt(String text, int at) {
        for (Colour colour : values()) {
            if (text.startsWith(colour.start, at)) {
                return colour.start.length();
            }
        }
        return text.startsWith(END, at) ? END.length() : 0;
    }

    /// The text without any colours.
    static String strip(String text) {
        return text.indexOf('\u001b') < 0 ? text : text.replaceAll("\u001b\\[[0-9;]*m", "");
    }
}
