// SPDX-License-Identifier: Apache-2.0
package dev.kelp.bench;

import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.util.ArrayList;
import java.util.List;

/// The samples of one piece of work for one engine, in milliseconds.
final class Timing {
    /// Prints the exit code and the microseconds the command took; its output goes nowhere.
    private static final String CLOCK =
            "a=$EPOCHREALTIME; \"$@\" >/dev/null 2>/tmp/kelp-bench-error.$$ </dev/null; r=$?; b=$EPOCHREALTIME;"
                    + " echo $((${b/./} - ${a/./})); if [ $r != 0 ]; then cat /tmp/kelp-bench-error.$$ >&2; fi;"
                    + " rm -f /tmp/kelp-bench-error.$$; exit $r";

    private final List<Double> millis = new ArrayList<>();

    /// Runs the command once and notes its time; fails when the command does.
    void sample(Program program) {
        List<String> words = new ArrayList<>(List.of("bash", "-c", CLOCK, "clock"));
        words.addAll(program.command());
        Outcome outcome = program.replaced(words).run().succeeded();
        millis.add(Long.parseLong(outcome.text()) / 1000.0);
    }

    void add(double value) {
        millis.add(value);
    }

    double median() {
        List<Double> sorted = millis.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    private double least() {
        return millis.stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }

    private double greatest() {
        return millis.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }

    /// `12.3 ms [11.8–14.0]`
    String cell(String unit) {
        return "%.1f %s [%.1f–%.1f]".formatted(median(), unit, least(), greatest());
    }
}
