// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.util.List;
import java.util.Locale;

/// What a check found.
///
/// @param name of what was looked at, the same on every machine
/// @param reason in one line: what is there, or what is missing and what that costs
public record Finding(String name, State state, String reason, List<Remedy> remedies) {
    public Finding {
        reason = inOneLine(reason);
        remedies = List.copyOf(remedies);
    }

    /// Names and messages come from anywhere, and what is printed may be given to a shell.
    static String inOneLine(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    /// How it stands.
    public enum State {
        OK,
        /// Nothing is wrong, but somebody may want it otherwise.
        NOTE,
        /// Containers run, something is missing.
        WARNING,
        /// No containers.
        ERROR;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Finding ok(String name, String reason) {
        return new Finding(name, State.OK, reason, List.of());
    }

    static Finding note(String name, String reason, Remedy... remedies) {
        return new Finding(name, State.NOTE, reason, List.of(remedies));
    }

    static Finding warning(String name, String reason, Remedy... remedies) {
        return new Finding(name, State.WARNING, reason, List.of(remedies));
    }

    static Finding error(String name, String reason, Remedy... remedies) {
        return new Finding(name, State.ERROR, reason, List.of(remedies));
    }

    /// Whether there is something to do.
    public boolean isTrouble() {
        return state.compareTo(State.WARNING) >= 0;
    }
}
