// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.progress;

import dev.kelp.cli.format.Units;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.Progress.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// One picture of the progress: the lines of nerdctl's table, no wider than the terminal.
final class ProgressFrame {
    /// Bars are this wide where there is room.
    private static final int BAR_COLUMNS = 40;

    private static final int BAR_COLUMNS_MIN = 12;

    private ProgressFrame() {}

    /// @param columns no line is longer; 0: no limit
    static List<String> lines(List<Update> items, double seconds, int columns) {
        List<String[]> rows = new ArrayList<>();
        long total = 0;
        for (Update u : items) {
            rows.add(new String[] {u.key() + ":", word(u.state()), "", amount(u)});
            if (u.state() != State.EXISTS && !countsFiles(u.state())) {
                total += Math.max(0, u.offsetBytes());
            }
        }
        String[] sum = {
            elapsed(seconds),
            String.format(Locale.ROOT, "total: %7.6s", Units.binarySize(total)),
            "(" + Units.binarySize(seconds > 0 ? total / seconds : 0.0) + "/s)"
        };
        int first = width(rows, 0, sum[0].length());
        int second = width(rows, 1, sum[1].length());
        int third = rows.stream().mapToInt(r -> r[3].length()).max().orElse(0);
        int bar = BAR_COLUMNS;
        if (columns > 0) {
            int left = columns - 1 - second - third - (third > 0 ? 1 : 0);
            if (first + bar > left) {
                bar = Math.max(Math.min(bar, left - first), BAR_COLUMNS_MIN);
            }
            first = Math.max(12, Math.min(first, left - bar));
        }
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            String[] r = rows.get(i);
            String text = pad(shorten(r[0], first - 1), first)
                    + pad(r[1], second)
                    + bar(items.get(i), bar)
                    + (r[3].isEmpty() ? "" : " " + r[3]);
            lines.add(cut(text, columns));
        }
        lines.add(cut(pad(sum[0], first) + pad(sum[1], second) + sum[2], columns));
        return lines;
    }

    static String elapsed(double seconds) {
        return String.format(Locale.ROOT, "elapsed: %-4.1fs", seconds);
    }

    /// Shortens `layer-sha256:0123…:` from the right, keeping the colon.
    private static String shorten(String key, int width) {
        return key.length() <= width || width < 4 ? key : key.substring(0, width - 2) + "…:";
    }

    private static int width(List<String[]> rows, int column, int min) {
        return 1
                + Math.max(
                        min,
                        rows.stream().mapToInt(r -> r[column].length()).max().orElse(0));
    }

    private static String pad(String s, int width) {
        return s.length() >= width ? s : s + " ".repeat(width - s.length());
    }

    private static String cut(String s, int columns) {
        String text = s.stripTrailing();
        return columns > 0 && text.length() >= columns ? text.substring(0, Math.max(0, columns - 1)) : text;
    }

    private static String bar(Update u, int width) {
        int inside = width - 2;
        int full = inside;
        if (!isFinished(u.state())) {
            double part = u.totalBytes() > 0 ? (double) u.offsetBytes() / u.totalBytes() : 0;
            full = (int) Math.max(0, Math.min(inside, Math.round(part * inside)));
        }
        return "|" + "+".repeat(full) + "-".repeat(inside - full) + "|";
    }

    private static String amount(Update u) {
        if (countsFiles(u.state())) {
            return u.offsetBytes() + " files";
        }
        boolean moving = u.state() == State.DOWNLOADING || u.state() == State.UPLOADING || u.state() == State.UNPACKING;
        if (!moving || u.totalBytes() <= 0) {
            return "";
        }
        return String.format(
                Locale.ROOT, "%8.8s/%s", Units.binarySize(u.offsetBytes()), Units.binarySize(u.totalBytes()));
    }

    static boolean countsFiles(State s) {
        return s == State.CHANGING || s == State.COPYING;
    }

    static boolean isFinished(State s) {
        return s == State.DONE || s == State.EXISTS || s == State.RESOLVED;
    }

    static String word(State s) {
        return s.name().toLowerCase(Locale.ROOT);
    }
}
