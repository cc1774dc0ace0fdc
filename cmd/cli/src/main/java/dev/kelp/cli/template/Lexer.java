// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import dev.kelp.cli.template.Token.Kind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;

/// Cuts a template into tokens. Trim markers are applied here, so the parser sees only the text that is left.
final class Lexer {
    private static final String SPACE = " \t\r\n";

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private boolean trimNext;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String source) {
        Lexer lexer = new Lexer(source);
        lexer.run();
        return lexer.tokens;
    }

    private void run() {
        while (at < source.length()) {
            int open = source.indexOf("{{", at);
            int end = open < 0 ? source.length() : open;
            boolean trims = open >= 0 && source.startsWith("{{-", open) && isSpace(open + 3);
            text(source.substring(at, end), trims);
            at = end;
            if (open >= 0) {
                at = open + (trims ? 3 : 2);
                action(open);
            }
        }
        add(Kind.END, "", false, source.length());
    }

    private void text(String raw, boolean trimEnd) {
        String text = raw;
        if (trimNext) {
            text = stripLeft(text);
        }
        if (trimEnd) {
            text = stripRight(text);
        }
        trimNext = false;
        if (!text.isEmpty()) {
            add(Kind.TEXT, text, false, at);
        }
    }

    private static String stripLeft(String s) {
        int i = 0;
        while (i < s.length() && SPACE.indexOf(s.charAt(i)) >= 0) {
            i++;
        }
        return s.substring(i);
    }

    private static String stripRight(String s) {
        int i = s.length();
        while (i > 0 && SPACE.indexOf(s.charAt(i - 1)) >= 0) {
            i--;
        }
        return s.substring(0, i);
    }

    private void action(int open) {
        int comment = at;
        while (comment < source.length() && isSpace(comment)) {
            comment++;
        }
        if (source.startsWith("/*", comment)) {
            comment(comment);
            return;
        }
        add(Kind.OPEN, "", false, open);
        while (true) {
            boolean spaced = false;
            while (at < source.length() && isSpace(at)) {
                at++;
                spaced = true;
            }
            if (at >= source.length()) {
                throw bad("unclosed action", open);
            }
            if (spaced && source.startsWith("-}}", at)) {
                trimNext = true;
                at += 3;
                add(Kind.CLOSE, "", spaced, at);
                return;
            }
            if (source.startsWith("}}", at)) {
                at += 2;
                add(Kind.CLOSE, "", spaced, at);
                return;
            }
            token(spaced);
        }
    }

    private void comment(int start) {
        int end = source.indexOf("*/", start + 2);
        if (end < 0) {
            throw bad("unclosed comment", start);
        }
        at = end + 2;
        int close = at;
        while (close < source.length() && isSpace(close)) {
            close++;
        }
        if (close > at && source.startsWith("-}}", close)) {
            trimNext = true;
            at = close + 3;
        } else if (source.startsWith("}}", at)) {
            at += 2;
        } else {
            throw bad("comment ends before closing delimiter", start);
        }
    }

    private void token(boolean spaced) {
        int start = at;
        char c = source.charAt(at);
        switch (c) {
            case '|' -> single(Kind.PIPE, spaced);
            case '(' -> single(Kind.LEFT, spaced);
            case ')' -> single(Kind.RIGHT, spaced);
            case ',' -> single(Kind.COMMA, spaced);
            case '=' -> single(Kind.ASSIGN, spaced);
            case ':' -> {
                if (!source.startsWith(":=", at)) {
                    throw bad("expected :=", start);
                }
                at += 2;
                add(Kind.DECLARE, ":=", spaced, start);
            }
            case '"' -> add(Kind.STRING, quoted('"'), spaced, start);
            case '\'' -> add(Kind.CHARACTER, quoted('\''), spaced, start);
            case '`' -> {
                int end = source.indexOf('`', at + 1);
                if (end < 0) {
                    throw bad("unterminated raw quoted string", start);
                }
                at = end + 1;
                add(Kind.STRING, source.substring(start + 1, end), spaced, start);
            }
            case '$' -> {
                at++;
                add(Kind.VARIABLE, word(), spaced, start);
            }
            default -> other(c, spaced);
        }
    }

    private void other(char c, boolean spaced) {
        int start = at;
        char next = at + 1 < source.length() ? source.charAt(at + 1) : 0;
        if (c == '.' && !isDigit(next)) {
            at++;
            String name = word();
            add(name.isEmpty() ? Kind.DOT : Kind.FIELD, name, spaced, start);
        } else if (isDigit(c) || c == '.' || ((c == '-' || c == '+') && (isDigit(next) || next == '.'))) {
            at++;
            while (at < source.length() && isNumberPart(at)) {
                at++;
            }
            add(Kind.NUMBER, source.substring(start, at), spaced, start);
        } else if (Character.isLetter(c) || c == '_') {
            add(Kind.WORD, word(), spaced, start);
        } else {
            throw bad("unexpected " + (c < ' ' ? "character " + (int) c : "`" + c + "`") + " in command", start);
        }
    }

    private boolean isNumberPart(int i) {
        char c = source.charAt(i);
        boolean exponentSign = (c == '-' || c == '+') && "eEpP".indexOf(source.charAt(i - 1)) >= 0;
        return Character.isLetterOrDigit(c) || c == '.' || c == '_' || exponentSign;
    }

    private String word() {
        int start = at;
        while (at < source.length() && (Character.isLetterOrDigit(source.charAt(at)) || source.charAt(at) == '_')) {
            at++;
        }
        return source.substring(start, at);
    }

    private String quoted(char quote) {
        int start = at++;
        StringBuilder b = new StringBuilder();
        while (true) {
            if (at >= source.length() || source.charAt(at) == '\n') {
                throw bad("unterminated quoted string", start);
            }
            char c = source.charAt(at++);
            if (c == quote) {
                return b.toString();
            }
            if (c == '\\') {
                escape(b, start);
            } else {
                b.append(c);
            }
        }
    }

    /// The escapes of Go: one letter, or `x`, `u`, `U` with two, four or eight hexadecimal digits, or three octal
    /// digits.
    private void escape(StringBuilder b, int start) {
        if (at >= source.length()) {
            throw bad("unterminated quoted string", start);
        }
        char c = source.charAt(at++);
        int simple = "abfnrtv\\'\"".indexOf(c);
        if (simple >= 0) {
            b.append("\u0007\b\f\n\r\t\u000b\\'\"".charAt(simple));
            return;
        }
        switch (c) {
            case 'x' -> b.append((char) number(2, 16, start));
            case 'u' -> b.append((char) number(4, 16, start));
            case 'U' -> {
                int point = number(8, 16, start);
                if (!Character.isValidCodePoint(point)) {
                    throw bad("escape is no Unicode character", start);
                }
                b.appendCodePoint(point);
            }
            default -> {
                at--;
                b.append((char) number(3, 8, start));
            }
        }
    }

    private int number(int digits, int radix, int start) {
        if (at + digits > source.length()) {
            throw bad("unterminated quoted string", start);
        }
        String text = source.substring(at, at + digits);
        at += digits;
        try {
            return Integer.parseUnsignedInt(text, radix);
        } catch (NumberFormatException e) {
            throw bad("invalid escape in quoted string", start);
        }
    }

    private void single(Kind kind, boolean spaced) {
        add(kind, String.valueOf(source.charAt(at)), spaced, at);
        at++;
    }

    private void add(Kind kind, String text, boolean spaced, int position) {
        tokens.add(new Token(kind, text, spaced, position));
    }

    private boolean isSpace(int i) {
        return i < source.length() && SPACE.indexOf(source.charAt(i)) >= 0;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    static KelpException bad(String why, int position) {
        return KelpException.invalid("template parsing error: " + why + " at character " + (position + 1));
    }
}
