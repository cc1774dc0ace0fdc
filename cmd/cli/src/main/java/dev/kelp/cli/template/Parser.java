// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import dev.kelp.cli.template.Token.Kind;
import dev.kelp.model.KelpException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Recursive descent over the tokens, with Go's grammar.
final class Parser {
    private final List<Token> tokens;
    private final Deque<String> variables = new ArrayDeque<>();
    private int at;
    private int depth;
    private int rangeDepth;
    private final Map<String, List<Node>> definitions = new LinkedHashMap<>();

    /// @param definitions the templates that have a name
    record Parsed(List<Node> nodes, Map<String, List<Node>> definitions) {}

    private Parser(List<Token> tokens) {
        this.tokens = tokens;
        variables.push("");
    }

    static Parsed parse(String source) {
        Parser parser = new Parser(Lexer.tokens(source));
        List<Node> nodes = parser.nodes();
        if (parser.peek().kind() != Kind.END) {
            throw parser.bad("unexpected {{" + parser.tokens.get(parser.at + 1).text() + "}}");
        }
        return new Parsed(nodes, parser.definitions);
    }

    /// Nodes up to `{{end}}`, `{{else …}}` or the end of the source, which stay unread.
    private List<Node> nodes() {
        if (++depth > GoTemplate.DEPTH_MAX) {
            throw bad("nested more than " + GoTemplate.DEPTH_MAX + " deep");
        }
        List<Node> nodes = new ArrayList<>();
        while (peek().kind() != Kind.END) {
            Token token = peek();
            if (token.kind() == Kind.TEXT) {
                at++;
                nodes.add(new Node.Text(token.text()));
                continue;
            }
            String word = keyword();
            if (word.equals("end") || word.equals("else")) {
                break;
            }
            if (word.equals("define")) {
                define();
            } else {
                nodes.add(action(word));
            }
        }
        depth--;
        return nodes;
    }

    private String keyword() {
        Token t = tokens.get(at + 1);
        return t.kind() == Kind.WORD ? t.text() : "";
    }

    private Node action(String word) {
        return switch (word) {
            case "if" -> branch(Node.Kind.IF);
            case "range" -> branch(Node.Kind.RANGE);
            case "with" -> branch(Node.Kind.WITH);
            case "break", "continue" -> jump(word);
            case "template", "block" -> use(word.equals("block"));
            default -> {
                at++;
                Node.Pipeline pipeline = pipeline();
                expect(Kind.CLOSE, "}}");
                yield new Node.Output(pipeline);
            }
        };
    }

    /// `{{define "NAME"}}…{{end}}`, which only stands outside everything else.
    private void define() {
        if (depth > 1) {
            throw bad("unexpected {{define}}");
        }
        at += 2;
        String name = name();
        expect(Kind.CLOSE, "}}");
        define(name, named());
    }

    private void define(String name, List<Node> body) {
        if (definitions.putIfAbsent(name, body) != null) {
            throw bad("multiple definition of template \"" + name + "\"");
        }
    }

    /// `{{template "NAME" pipeline}}`; a block defines the template as well.
    private Node use(boolean defines) {
        at += 2;
        String name = name();
        Node.@Nullable Pipeline data = peek().kind() == Kind.CLOSE ? null : pipeline();
        expect(Kind.CLOSE, "}}");
        if (defines) {
            if (data == null) {
                throw bad("missing value for block clause");
            }
            define(name, named());
        }
        return new Node.Use(name, data);
    }

    private String name() {
        if (peek().kind() != Kind.STRING) {
            throw bad("expected the name of a template in quotes");
        }
        return tokens.get(at++).text();
    }

    /// The body of a template with a name, which sees none of the variables around it, and its `{{end}}`.
    private List<Node> named() {
        List<String> outer = List.copyOf(variables);
        int ranges = rangeDepth;
        variables.clear();
        variables.push("");
        rangeDepth = 0;
        List<Node> body = nodes();
        rangeDepth = ranges;
        variables.clear();
        variables.addAll(outer);
        if (peek().kind() == Kind.END || !keyword().equals("end")) {
            throw bad("{{end}} is missing");
        }
        at += 2;
        expect(Kind.CLOSE, "}}");
        return body;
    }

    private Node jump(String word) {
        if (rangeDepth == 0) {
            throw bad("{{" + word + "}} outside {{range}}");
        }
        at += 2;
        expect(Kind.CLOSE, "}}");
        return new Node.Jump(word.equals("break"));
    }

    private Node branch(Node.Kind kind) {
        at += 2;
        int scope = variables.size();
        Node.Pipeline pipeline = pipeline();
        if (pipeline.variables().size() > 1 && kind != Node.Kind.RANGE) {
            throw bad("two variables outside {{range}}");
        }
        expect(Kind.CLOSE, "}}");
        rangeDepth += kind == Node.Kind.RANGE ? 1 : 0;
        List<Node> body = nodes();
        rangeDepth -= kind == Node.Kind.RANGE ? 1 : 0;
        List<Node> otherwise = List.of();
        if (peek().kind() == Kind.END) {
            throw bad("unexpected end of the template: {{end}} is missing");
        }
        if (keyword().equals("else")) {
            at += 2;
            if (peek().kind() == Kind.WORD && (isWord("if") || isWord("with"))) {
                otherwise = List.of(elseBranch());
                scopeBack(scope);
                return new Node.Branch(kind, pipeline, body, otherwise);
            }
            expect(Kind.CLOSE, "}}");
            otherwise = nodes();
        }
        if (peek().kind() == Kind.END || !keyword().equals("end")) {
            throw bad("{{end}} is missing");
        }
        at += 2;
        expect(Kind.CLOSE, "}}");
        scopeBack(scope);
        return new Node.Branch(kind, pipeline, body, otherwise);
    }

    /// `{{else if …}}`: the branch nested in the else takes the one `{{end}}` for both.
    private Node elseBranch() {
        if (++depth > GoTemplate.DEPTH_MAX) {
            throw bad("nested more than " + GoTemplate.DEPTH_MAX + " deep");
        }
        Node.Kind kind = isWord("if") ? Node.Kind.IF : Node.Kind.WITH;
        at--;
        Node node = branch(kind);
        depth--;
        return node;
    }

    private boolean isWord(String word) {
        return peek().text().equals(word);
    }

    private void scopeBack(int size) {
        while (variables.size() > size) {
            variables.pop();
        }
    }

    private Node.Pipeline pipeline() {
        if (++depth > GoTemplate.DEPTH_MAX) {
            throw bad("nested more than " + GoTemplate.DEPTH_MAX + " deep");
        }
        List<String> declared = new ArrayList<>();
        boolean assigns = declarations(declared);
        List<Node.Command> commands = new ArrayList<>();
        while (true) {
            commands.add(command());
            if (peek().kind() != Kind.PIPE) {
                break;
            }
            at++;
        }
        if (!assigns) {
            declared.forEach(variables::push);
        }
        for (Node.Command later : commands.subList(1, commands.size())) {
            if (later.words().getFirst() instanceof Node.Literal) {
                throw bad("a literal cannot follow a |");
            }
        }
        depth--;
        return new Node.Pipeline(declared, assigns, commands);
    }

    private boolean declarations(List<String> declared) {
        if (peek().kind() != Kind.VARIABLE) {
            return false;
        }
        Kind next = tokens.get(at + 1).kind();
        if (next == Kind.DECLARE || next == Kind.ASSIGN) {
            declared.add(peek().text());
            at += 2;
        } else if (next == Kind.COMMA && tokens.get(at + 2).kind() == Kind.VARIABLE) {
            declared.add(peek().text());
            declared.add(tokens.get(at + 2).text());
            at += 3;
            next = peek().kind();
            if (next != Kind.DECLARE && next != Kind.ASSIGN) {
                throw bad("expected := after two variables");
            }
            at++;
        }
        return next == Kind.ASSIGN;
    }

    private Node.Command command() {
        List<Node.Operand> words = new ArrayList<>();
        while (true) {
            Kind kind = peek().kind();
            if (kind == Kind.CLOSE || kind == Kind.PIPE || kind == Kind.RIGHT) {
                break;
            }
            if (!words.isEmpty() && !peek().spaced() && kind != Kind.LEFT) {
                throw bad("unexpected `" + peek().text() + "` after an operand");
            }
            words.add(operand());
        }
        if (words.isEmpty()) {
            throw bad("missing value for command");
        }
        return new Node.Command(words);
    }

    private Node.Operand operand() {
        Token t = tokens.get(at++);
        return switch (t.kind()) {
            case DOT -> new Node.Field(List.of());
            case FIELD -> {
                at--;
                yield new Node.Field(path(true));
            }
            case VARIABLE -> {
                if (!variables.contains(t.text())) {
                    throw bad("undefined variable $" + t.text());
                }
                yield new Node.Variable(t.text(), path(false));
            }
            case STRING -> new Node.Literal(t.text());
            case CHARACTER -> {
                if (t.text().codePointCount(0, t.text().length()) != 1) {
                    throw Lexer.bad("malformed character constant", t.position());
                }
                yield new Node.Literal((long) t.text().codePointAt(0));
            }
            case NUMBER -> new Node.Literal(number(t));
            case LEFT -> {
                Node.Pipeline inner = pipeline();
                expect(Kind.RIGHT, ")");
                yield new Node.Nested(inner, path(false));
            }
            case WORD -> word(t);
            default -> {
                at--;
                throw bad("unexpected `" + t.text() + "`");
            }
        };
    }

    private Node.Operand word(Token t) {
        return switch (t.text()) {
            case "true" -> new Node.Literal(true);
            case "false" -> new Node.Literal(false);
            case "nil" -> new Node.Literal(null);
            default -> {
                if (!TemplateFunctions.isKnown(t.text())) {
                    throw Lexer.bad("function \"" + t.text() + "\" not defined", t.position());
                }
                yield new Node.Function(t.text());
            }
        };
    }

    /// Fields that follow without a space.
    private List<String> path(boolean first) {
        List<String> path = new ArrayList<>();
        while (peek().kind() == Kind.FIELD && (!peek().spaced() || (first && path.isEmpty()))) {
            path.add(peek().text());
            at++;
        }
        return path;
    }

    private static Object number(Token t) {
        String text = t.text().replace("_", "");
        try {
            if (text.matches("[+-]?0[xX][0-9a-fA-F]+|[+-]?[0-9]+")) {
                boolean octal = text.matches("[+-]?0[0-7]+");
                return octal ? Long.parseLong(text, 8) : Long.decode(text);
            }
            if (text.matches("[+-]?0[oO][0-7]+|[+-]?0[bB][01]+")) {
                int radix = text.toLowerCase(java.util.Locale.ROOT).indexOf('o') >= 0 ? 8 : 2;
                return Long.parseLong(text.replaceFirst("0[oObB]", ""), radix);
            }
            if (text.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?")) {
                return Double.valueOf(text);
            }
        } catch (NumberFormatException e) {
            throw Lexer.bad("number `" + t.text() + "` is too large", t.position());
        }
        throw Lexer.bad("bad number syntax: `" + t.text() + "`", t.position());
    }

    private Token peek() {
        return tokens.get(at);
    }

    private void expect(Kind kind, String what) {
        if (peek().kind() != kind) {
            throw bad("expected " + what + (peek().text().isEmpty() ? "" : ", found `" + peek().text() + "`"));
        }
        at++;
    }

    private KelpException bad(String why) {
        return Lexer.bad(why, peek().position());
    }
}
