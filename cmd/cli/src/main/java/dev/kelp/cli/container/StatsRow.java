// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.engine.Containers.Usage;
import java.math.BigDecimal;
import java.math.MathContext;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/// What a container used between two looks at it, in Docker's words.
///
/// @param before empty: nothing is known of its processor time
/// @param now empty: it does not run
record StatsRow(String id, String name, Optional<Usage> before, Optional<Usage> now) {
    private static final String UNKNOWN = "--";

    String cpu() {
        if (before.isEmpty() || now.isEmpty()) {
            return UNKNOWN;
        }
        long elapsed = Duration.between(before.get().time(), now.get().time()).toNanos();
        long used = Math.max(0, now.get().cpuNanos() - before.get().cpuNanos());
        return percent(elapsed <= 0 ? 0 : 100.0 * used / elapsed);
    }

    String memory() {
        return now.map(u -> binary(u.memoryBytes()) + " / " + binary(u.memoryLimitBytes()))
                .orElse(UNKNOWN + " / " + UNKNOWN);
    }

    String memoryPercent() {
        return now.map(u -> percent(u.memoryLimitBytes() <= 0 ? 0 : 100.0 * u.memoryBytes() / u.memoryLimitBytes()))
                .orElse(UNKNOWN);
    }

    String network() {
        return pair(Usage::receivedBytes, Usage::sentBytes);
    }

    String block() {
        return pair(Usage::readBytes, Usage::writtenBytes);
    }

    private String pair(Function<Usage, OptionalLong> in, Function<Usage, OptionalLong> out) {
        return now.map(u -> decimal(in.apply(u)) + " / " + decimal(out.apply(u)))
                .orElse(UNKNOWN + " / " + UNKNOWN);
    }

    String pids() {
        return now.map(u -> Long.toString(u.processes())).orElse(UNKNOWN);
    }

    private static String percent(double value) {
        return String.format(Locale.ROOT, "%.2f%%", value);
    }

    /// Powers of 1000 and three digits, as Docker shows traffic: `1.23kB`, `45.6MB`.
    private static String decimal(OptionalLong bytes) {
        return bytes.isEmpty()
                ? UNKNOWN
                : digits((double) bytes.getAsLong(), 1000, 3, List.of("B", "kB", "MB", "GB", "TB", "PB"));
    }

    /// Powers of 1024 and four digits, as Docker shows memory: `2.102MiB`.
    private static String binary(long bytes) {
        return digits((double) bytes, 1024, 4, List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB"));
    }

    private static String digits(double bytes, int base, int precision, List<String> units) {
        double value = bytes;
        int unit = 0;
        while (value >= base && unit < units.size() - 1) {
            value /= base;
            unit++;
        }
        String text = BigDecimal.valueOf(value)
                .round(new MathContext(precision))
                .stripTrailingZeros()
                .toPlainString();
        return text + units.get(unit);
    }
}
