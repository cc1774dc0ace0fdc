// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.Locale;

/// Sizes and durations in words.
public final class Units {
    private static final String[] BINARY = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    private static final String[] DECIMAL = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

    private Units() {}

    /// `4.2 MiB`: one decimal, powers of 1024.
    public static String binarySize(double bytes) {
        int unit = 0;
        double n = bytes;
        while (n >= 1024 && unit < BINARY.length - 1) {
            n /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", n, BINARY[unit]);
    }

    /// The same for a whole number of bytes.
    public static String binarySize(long bytes) {
        return binarySize((double) bytes);
    }

    /// `4.19MB`, as Docker writes sizes: four digits, powers of 1000.
    public static String decimalSize(long bytes) {
        int unit = 0;
        double n = bytes;
        while (n >= 1000 && unit < DECIMAL.length - 1) {
            n /= 1000;
            unit++;
        }
        return BigDecimal.valueOf(n)
                        .round(new MathContext(4, RoundingMode.HALF_EVEN))
                        .stripTrailingZeros()
                        .toPlainString()
                + DECIMAL[unit];
    }

    /// Docker's words for a span of time: `Less than a second`, `About a minute`, `3 weeks`.
    public static String humanDuration(Duration d) {
        long seconds = Math.max(0, d.toSeconds());
        if (seconds < 1) {
            return "Less than a second";
        }
        if (seconds == 1) {
            return "1 second";
        }
        if (seconds < 60) {
            return seconds + " seconds";
        }
        long minutes = seconds / 60;
        if (minutes == 1) {
            return "About a minute";
        }
        if (minutes < 60) {
            return minutes + " minutes";
        }
        // Docker rounds hours, and cuts off everything longer
        long hours = (seconds + 1800) / 3600;
        if (hours == 1) {
            return "About an hour";
        }
        if (hours < 48) {
            return hours + " hours";
        }
        if (hours < 24 * 7 * 2) {
            return hours / 24 + " days";
        }
        if (hours < 24 * 30 * 2) {
            return hours / 24 / 7 + " weeks";
        }
        if (hours < 24 * 365 * 2) {
            return hours / 24 / 30 + " months";
        }
        return (long) (seconds / 3600.0 / 24 / 365) + " years";
    }
}
