// SPDX-License-Identifier: Apache-2.0
package dev.kelp.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The markdown table that comes out at the end; each row is also told as soon as it is known.
final class Table {
    private final List<String> rows = new ArrayList<>();
    private int missed;

    /// A row of times: Kelp's, somebody's, and the ratio that must not be exceeded.
    void ratio(String work, Timing kelp, Peer peer, double goal) {
        double ratio = kelp.median() / peer.timing().median();
        boolean met = ratio <= goal;
        missed += met ? 0 : 1;
        add(
                work,
                kelp.cell("ms"),
                peer.name() + ": " + peer.timing().cell("ms"),
                "%.3f".formatted(ratio),
                "≤ " + goal,
                met);
    }

    /// A row of rates: more is better.
    void rate(String work, Timing kelp, Peer peer, double goal) {
        double ratio = kelp.median() / peer.timing().median();
        boolean met = ratio >= goal;
        missed += met ? 0 : 1;
        add(
                work,
                kelp.cell("/s"),
                peer.name() + ": " + peer.timing().cell("/s"),
                "%.1f".formatted(ratio),
                "≥ " + goal,
                met);
    }

    /// A row of one figure with its limit; a limit of 0 means none.
    void figure(String work, double value, String unit, double goal) {
        boolean met = goal == 0 || value <= goal;
        missed += met ? 0 : 1;
        add(work, "%.1f %s".formatted(value, unit), "", "", goal == 0 ? "" : "≤ %.0f %s".formatted(goal, unit), met);
    }

    /// How many goals were missed.
    int missed() {
        return missed;
    }

    String markdown() {
        return "| work | Kelp | against | ratio | goal | |\n|---|---|---|---|---|---|\n" + String.join("\n", rows);
    }

    private void add(String work, String kelp, String peer, String ratio, String goal, boolean met) {
        String row =
                "| " + String.join(" | ", work, kelp, peer, ratio, goal, goal.isEmpty() ? "" : met ? "met" : "missed")
                        + " |";
        rows.add(row);
        System.err.printf(Locale.ROOT, "%s%n", row);
    }

    /// Whom Kelp is compared with.
    record Peer(String name, Timing timing) {}
}
