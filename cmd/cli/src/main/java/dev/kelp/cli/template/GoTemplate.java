// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import dev.kelp.cli.template.Node.Branch;
import dev.kelp.cli.template.Node.Pipeline;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/// A parsed template. Immutable; may be executed by many threads.
public final class GoTemplate {
    public static final int SOURCE_CHARS_MAX = 64 << 10;
    public static final int DEPTH_MAX = 100;
    public static final int OUTPUT_CHARS_MAX = 16 << 20;

    private final Parser.Parsed parsed;

    private GoTemplate(Parser.Parsed parsed) {
        this.parsed = parsed;
    }

    /// Parses; INVALID_ARGUMENT says what is wrong and where.
    public static GoTemplate parse(String source) {
        if (source.length() > SOURCE_CHARS_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED, "the template is longer than " + SOURCE_CHARS_MAX + " characters");
        }
        return new GoTemplate(Parser.parse(source));
    }

    /// Executes the template with `data` as the dot.
    public String execute(@Nullable Object data) {
        Run run = new Run(data, parsed.definitions());
        run.all(parsed.nodes(), data);
        return run.out.toString();
    }

    private enum Flow {
        ON,
        BREAK,
        CONTINUE
    }

    private record Slot(String name, @Nullable Object[] value) {}

    /// One execution: the output and the stack of variables.
    private static final class Run {
        private final StringBuilder out = new StringBuilder();
        private final Map<String, List<Node>> definitions;
        private List<Slot> variables = new ArrayList<>();
        private final Budget budget = new Budget();
        private int depth;

        Run(@Nullable Object data, Map<String, List<Node>> definitions) {
            this.definitions = definitions;
            declare("", data);
        }

        private void declare(String name, @Nullable Object value) {
            variables.add(new Slot(name, new Object[] {value}));
        }

        private Slot slot(String name) {
            for (int i = variables.size() - 1; i >= 0; i--) {
                if (variables.get(i).name.equals(name)) {
                    return variables.get(i);
                }
            }
            throw failed("undefined variable $" + name);
        }

        private void scopeBack(int size) {
            while (variables.size() > size) {
                variables.removeLast();
            }
        }

        Flow all(List<Node> list, @Nullable Object dot) {
            int scope = variables.size();
            try {
                for (Node node : list) {
                    Flow flow = one(node, dot);
                    if (flow != Flow.ON) {
                        return flow;
                    }
                }
                return Flow.ON;
            } finally {
                // a variable lives to the end of its block; the outermost block ends with the run
                scopeBack(Math.max(scope, 1));
            }
        }

        private Flow one(Node node, @Nullable Object dot) {
            budget.step();
            switch (node) {
                case Node.Text t -> append(t.text());
                case Node.Output o -> {
                    Object value = pipeline(o.pipeline(), dot, true);
                    if (o.pipeline().variables().isEmpty()) {
                        append(value == null ? "<no value>" : GoFormat.value(value));
                    }
                }
                case Node.Jump j -> {
                    return j.leaves() ? Flow.BREAK : Flow.CONTINUE;
                }
                case Branch b -> {
                    return branch(b, dot);
                }
                case Node.Use u -> use(u, dot);
            }
            return Flow.ON;
        }

        /// The template has its own variables; its `$` is what it was given.
        private void use(Node.Use u, @Nullable Object dot) {
            List<Node> body = definitions.get(u.name());
            if (body == null) {
                throw failed("template \"" + u.name() + "\" not defined");
            }
            if (depth == DEPTH_MAX) {
                throw failed("templates use each other more than " + DEPTH_MAX + " deep");
            }
            Object given = u.data() == null ? null : pipeline(u.data(), dot, true);
            List<Slot> outer = variables;
            variables = new ArrayList<>();
            declare("", given);
            depth++;
            all(body, given);
            depth--;
            variables = outer;
        }

        private void append(String text) {
            if (out.length() + text.length() > OUTPUT_CHARS_MAX) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED,
                        "the template's output is longer than " + OUTPUT_CHARS_MAX + " characters");
            }
            out.append(text);
        }

        private Flow branch(Branch b, @Nullable Object dot) {
            int scope = variables.size();
            try {
                Object value = pipeline(b.pipeline(), dot, b.kind() != Node.Kind.RANGE);
                if (b.kind() == Node.Kind.RANGE) {
                    return range(b, value, dot);
                }
                boolean truth = TemplateFunctions.truth(value);
                Object inner = b.kind() == Node.Kind.WITH && truth ? value : dot;
                return all(truth ? b.body() : b.otherwise(), inner);
            } finally {
                scopeBack(scope);
            }
        }

        private Flow range(Branch b, @Nullable Object value, @Nullable Object dot) {
            return switch (value) {
                case null -> all(b.otherwise(), dot);
                case List<?> list -> range(b, dot, list.size(), i -> i, i -> list.get((int) i));
                case Map<?, ?> map -> {
                    var entries = new ArrayList<>(new TreeMap<>(TemplateFunctions.stringKeys(map)).entrySet());
                    yield range(
                            b,
                            dot,
                            entries.size(),
                            i -> entries.get((int) i).getKey(),
                            i -> entries.get((int) i).getValue());
                }
                case Long n -> range(b, dot, n, i -> i, i -> i);
                default -> throw failed("range can't iterate over " + GoFormat.value(value));
            };
        }

        private Flow range(Branch b, @Nullable Object dot, long count, LongFunction<?> key, LongFunction<?> element) {
            if (count <= 0) {
                return all(b.otherwise(), dot);
            }
            for (long i = 0; i < count; i++) {
                budget.step();
                int scope = variables.size();
                Object now = element.apply(i);
                bind(b.pipeline(), key.apply(i), now);
                Flow flow = all(b.body(), now);
                scopeBack(scope);
                if (flow == Flow.BREAK) {
                    break;
                }
            }
            return Flow.ON;
        }

        private void bind(Pipeline p, @Nullable Object key, @Nullable Object element) {
            List<String> names = p.variables();
            for (int i = 0; i < names.size(); i++) {
                Object value = names.size() == 2 && i == 0 ? key : element;
                if (p.assigns()) {
                    slot(names.get(i)).value()[0] = value;
                } else {
                    declare(names.get(i), value);
                }
            }
        }

        private @Nullable Object pipeline(Pipeline p, @Nullable Object dot, boolean binds) {
            Object value = null;
            boolean piped = false;
            for (Node.Command c : p.commands()) {
                value = command(c, dot, piped ? new Object[] {value} : null);
                piped = true;
            }
            if (binds && !p.variables().isEmpty()) {
                bind(p, null, value);
            }
            return value;
        }

        private @Nullable Object command(Node.Command c, @Nullable Object dot, @Nullable Object @Nullable [] piped) {
            Node.Operand first = c.words().getFirst();
            if (first instanceof Node.Function f) {
                if (f.name().equals("and") || f.name().equals("or")) {
                    return shortCircuit(f.name().equals("or"), c, dot, piped);
                }
                return call(f, arguments(c, dot, piped));
            }
            if (first instanceof Node.Literal l && l.value() == null) {
                throw failed("nil is not a command");
            }
            Object value = operand(first, dot);
            if (value instanceof TemplateMethod m) {
                return m.call(arguments(c, dot, piped));
            }
            if (c.words().size() > 1 || piped != null) {
                throw failed("can't give argument to non-function " + GoFormat.value(value));
            }
            return value;
        }

        /// Evaluates only as far as needed, as Go does since 1.18: `{{if and .A .A.B}}`.
        private @Nullable Object shortCircuit(
                boolean until, Node.Command c, @Nullable Object dot, @Nullable Object @Nullable [] piped) {
            Object value = null;
            List<Node.Operand> words = c.words();
            if (words.size() < 2 && piped == null) {
                throw failed("wrong number of args for " + (until ? "or" : "and") + ": want at least 1 got 0");
            }
            for (int i = 1; i < words.size(); i++) {
                value = resolved(words.get(i), dot);
                if (TemplateFunctions.truth(value) == until) {
                    return value;
                }
            }
            return piped == null ? value : piped[0];
        }

        private List<@Nullable Object> arguments(
                Node.Command c, @Nullable Object dot, @Nullable Object @Nullable [] piped) {
            List<@Nullable Object> list = new ArrayList<>();
            for (int i = 1; i < c.words().size(); i++) {
                list.add(resolved(c.words().get(i), dot));
            }
            if (piped != null) {
                list.add(piped[0]);
            }
            return list;
        }

        private @Nullable Object call(Node.Function f, List<@Nullable Object> arguments) {
            budget.step();
            budget.arguments(arguments);
            return budget.result(TemplateFunctions.call(f.name(), arguments));
        }

        private @Nullable Object resolved(Node.Operand o, @Nullable Object dot) {
            Object value = operand(o, dot);
            return value instanceof TemplateMethod m ? m.call(List.of()) : value;
        }

        private @Nullable Object operand(Node.Operand o, @Nullable Object dot) {
            return switch (o) {
                case Node.Literal l -> l.value();
                case Node.Field f -> follow(dot, f.path());
                case Node.Variable v -> follow(slot(v.name()).value()[0], v.path());
                case Node.Nested n -> follow(pipeline(n.pipeline(), dot, true), n.path());
                case Node.Function f -> call(f, List.of());
            };
        }

        private static @Nullable Object follow(@Nullable Object start, List<String> path) {
            Object value = start;
            for (String name : path) {
                if (value == null) {
                    throw failed("nil data; no entry for key \"" + name + "\"");
                }
                if (!(value instanceof Map<?, ?> map)) {
                    throw failed("can't evaluate field " + name + " in type " + GoFormat.typeName(value));
                }
                if (!map.containsKey(name)) {
                    if (map instanceof SortedMap) {
                        value = null;
                        continue;
                    }
                    throw failed("there is no field ." + name).withHint("fields here: " + names(map));
                }
                value = map.get(name);
            }
            return value instanceof Number n ? TemplateFunctions.normal(n) : value;
        }

        private static String names(Map<?, ?> map) {
            return String.join(
                    ", ", map.keySet().stream().map(k -> "." + k).limit(60).toList());
        }
    }

    static KelpException failed(String why) {
        return KelpException.invalid("template execution error: " + why);
    }
}
