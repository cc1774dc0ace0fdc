// SPDX-License-Identifier: Apache-2.0

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/// The rows measured so far, as a Markdown table and as JSON.
final class Report {
    /// What is owed: at most, or at least, so much; NONE where nothing is.
    record Goal(double limit, boolean atLeast) {
        static final Goal NONE = new Goal(Double.NaN, false);

        static Goal atMost(double limit) {
            return new Goal(limit, false);
        }

        static Goal atLeast(double limit) {
            return new Goal(limit, true);
        }

        boolean met(double value) {
            return atLeast ? value >= limit : value <= limit;
        }

        private String text() {
            return Double.isNaN(limit) ? "–" : (atLeast ? "≥ " : "≤ ") + number(limit);
        }

        private String verdict(double value) {
            return Double.isNaN(limit) ? "–" : met(value) ? "yes" : "**no**";
        }
    }

    /// @param against empty where a value of Kelp alone is compared with the goal
    /// @param other one value for each of Kelp's; empty where there is none to compare with
    record Row(String work, String against, String unit, Goal goal, double[] kelp, double[] other) {
        double value() {
            return Measurement.median(kelp) / (other.length == 0 ? 1 : Measurement.median(other));
        }

        /// Each round's ratio (or value).
        double[] each() {
            double[] ratios = kelp.clone();
            for (int i = 0; i < other.length; i++) {
                ratios[i] /= other[i];
            }
            return ratios;
        }

        String markdown() {
            DoubleStream each = Arrays.stream(each());
            double[] range = {each.min().orElseThrow(), Arrays.stream(each()).max().orElseThrow()};
            return "| " + String.join(
                            " | ",
                            work,
                            against.isEmpty() ? "–" : against,
                            number(Measurement.median(kelp)) + " " + unit,
                            other.length == 0 ? "–" : number(Measurement.median(other)) + " " + unit,
                            other.length == 0 ? "–" : "**" + number(value()) + "**",
                            other.length == 0 ? "–" : number(range[0]) + "–" + number(range[1]),
                            goal.text() + (other.length == 0 && !goal.text().equals("–") ? " " + unit : ""),
                            goal.verdict(value()))
                    + " |";
        }

        String json() {
            return "{\"work\":%s,\"against\":%s,\"unit\":%s,\"goal\":%s,\"value\":%s,\"kelp\":%s,\"other\":%s}"
                    .formatted(
                            quoted(work),
                            quoted(against),
                            quoted(unit),
                            quoted(goal.text()),
                            value(),
                            Arrays.toString(kelp),
                            Arrays.toString(other));
        }
    }

    static final String HEADER = """
            | work | against | Kelp | the other | ratio | each round | owed | met |
            |---|---|---:|---:|---:|---|---|---|""";

    private final List<Row> rows = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    void add(Row row) {
        rows.add(row);
        System.err.println("bench: " + row.work + ": " + number(row.value()) + " "
                + (row.other.length == 0 ? row.unit : "× " + row.against));
    }

    void note(String text) {
        notes.add(text);
    }

    String markdown() {
        return HEADER + "\n" + rows.stream().map(Row::markdown).collect(Collectors.joining("\n")) + "\n\n"
                + notes.stream().map(note -> "- " + note).collect(Collectors.joining("\n"));
    }

    String json() {
        return "{\"notes\":[" + notes.stream().map(Report::quoted).collect(Collectors.joining(","))
                + "],\"rows\":[\n"
                + rows.stream().map(Row::json).collect(Collectors.joining(",\n")) + "\n]}\n";
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
