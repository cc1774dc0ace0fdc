// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

/// A word of an action, or the text between two actions.
///
/// @param text the decoded value: a string's characters, a field's or variable's name without its sign
/// @param spaced whether white space comes before it, which parts `.A .B` from `.A.B`
record Token(Kind kind, String text, boolean spaced, int position) {
    enum Kind {
        TEXT,
        OPEN,
        CLOSE,
        WORD,
        FIELD,
        DOT,
        VARIABLE,
        STRING,
        NUMBER,
        CHARACTER,
        PIPE,
        LEFT,
        RIGHT,
        DECLARE,
        ASSIGN,
        COMMA,
        END
    }
}
