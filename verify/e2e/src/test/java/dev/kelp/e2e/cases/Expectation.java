// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import dev.kelp.testkit.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One line under a command.
///
/// @param stderr about standard error instead of standard output
/// @param text what follows the mark, variables not yet replaced
record Expectation(Mark mark, boolean stderr, String text) {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Pattern QUERY =
            Pattern.compile("(\\S*)\\s+(?:(=|~|size)\\s*(.*)|(exists|absent|object|array|string|number|boolean|null))");
    private static final Pattern STEP = Pattern.compile("\\.?([\\w$@/-]+)|\\[(\\d+)]|\\[\"([^\"]*)\"]");

    enum Mark {
        /// The exit code, one of several, or `fails`.
        EXIT('?'),
        /// A line; all such lines together are the whole output.
        LINE('='),
        CONTAINS('+'),
        LACKS('-'),
        /// A regular expression found somewhere; `^` and `$` are the ends of a line.
        MATCHES('~'),
        /// A path in the JSON output and what is there.
        JSON_PATH('@'),
        /// No output at all.
        EMPTY('0');

        final char sign;

        Mark(char sign) {
            this.sign = sign;
        }
    }

    /// Why the outcome is not as expected; empty when it is.
    ///
    /// @param expand replaces variables; its argument's replacement is quoted for [Mark#MATCHES]
    Optional<String> failure(Outcome outcome, UnaryOperator<String> expand, UnaryOperator<String> expandInPattern) {
        String output = stderr ? outcome.err() : outcome.out();
        return switch (mark) {
            case EXIT -> exit(outcome.exitCode());
            case CONTAINS -> output.contains(expand.apply(text)) ? Optional.empty() : failed();
            case LACKS -> output.contains(expand.apply(text)) ? failed() : Optional.empty();
            case MATCHES ->
                Pattern.compile(expandInPattern.apply(text), Pattern.MULTILINE)
                                .matcher(output)
                                .find()
                        ? Optional.empty()
                        : failed();
            case JSON_PATH -> json(output, expand, expandInPattern);
            case EMPTY -> output.isEmpty() ? Optional.empty() : failed();
            case LINE -> throw new IllegalStateException("lines are compared together");
        };
    }

    /// All [Mark#LINE] expectations of one stream against its whole output.
    static Optional<String> linesFailure(List<Expectation> lines, Outcome outcome, UnaryOperator<String> expand) {
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        boolean stderr = lines.getFirst().stderr;
        List<String> wanted = lines.stream().map(Expectation::text).map(expand).toList();
        List<String> got = (stderr ? outcome.err() : outcome.out()).lines().toList();
        return wanted.equals(got)
                ? Optional.empty()
                : Optional.of((stderr ? "stderr" : "stdout") + " is not exactly\n" + String.join("\n", wanted));
    }

    private Optional<String> failed() {
        return Optional.of("expected " + this);
    }

    private Optional<String> exit(int code) {
        boolean right = text.equals("fails")
                ? code != 0
                : Stream.of(text.split(" ")).anyMatch(w -> w.equals(Integer.toString(code)));
        return right ? Optional.empty() : Optional.of("exit code " + code + ", expected " + text);
    }

    private Optional<String> json(String output, UnaryOperator<String> expand, UnaryOperator<String> expandInPattern) {
        Matcher query = QUERY.matcher(text);
        if (!query.matches()) {
            return Optional.of("not a query: " + text);
        }
        String operator = query.group(2) == null ? query.group(4) : query.group(2);
        String value = query.group(3) == null ? "" : query.group(3);
        JsonNode found;
        try {
            found = find(document(output), expand.apply(query.group(1)));
        } catch (JacksonException e) {
            return Optional.of("no JSON: " + e.getMessage());
        }
        boolean right = switch (operator) {
            case "exists" -> found != null;
            case "absent" -> found == null;
            case "size" -> found != null && found.size() == Integer.parseInt(value);
            case "=" -> found != null && found.equals(JSON.readTree(expand.apply(value)));
            case "~" ->
                found != null
                        && Pattern.compile(expandInPattern.apply(value))
                                .matcher(found.isString() ? found.asString() : found.toString())
                                .find();
            default ->
                found != null
                        && found.getNodeType()
                                .name()
                                .toLowerCase(java.util.Locale.ROOT)
                                .equals(operator);
        };
        return right ? Optional.empty() : Optional.of("expected " + this + ", found " + found);
    }

    /// The one document, or an array of all when there are several (as with a line of JSON for each object).
    private static JsonNode document(String output) {
        List<JsonNode> all = new ArrayList<>();
        try (JsonParser parser = JSON.createParser(output)) {
            while (parser.nextToken() != null) {
                all.add(parser.readValueAsTree());
            }
        }
        return all.size() == 1 ? all.getFirst() : JSON.valueToTree(all);
    }

    private static @Nullable JsonNode find(JsonNode document, String path) {
        JsonNode at = document;
        Matcher step = STEP.matcher(path);
        int end = 0;
        while (at != null && step.find() && step.start() == end) {
            end = step.end();
            at = step.group(2) != null
                    ? at.get(Integer.parseInt(step.group(2)))
                    : at.get(step.group(1) != null ? step.group(1) : step.group(3));
        }
        if (at != null && end != path.length() && !path.equals(".")) {
            throw new IllegalArgumentException("not a JSON path: " + path);
        }
        return at;
    }

    @Override
    public String toString() {
        return (stderr ? "!" : "") + mark.sign + " " + text;
    }
}
