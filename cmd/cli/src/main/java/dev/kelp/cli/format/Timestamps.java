// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import dev.kelp.model.KelpException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Points in time as flags take them and as output shows them.
public final class Timestamps {
    private static final DateTimeFormatter RFC3339_NANO =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.nnnnnnnnn'Z'").withZone(ZoneOffset.UTC);
    private static final Pattern PART = Pattern.compile("([0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|ms|s|m|h)");
    private static final Map<String, Long> NANOS = Map.of(
            "ns",
            1L,
            "us",
            1_000L,
            "µs",
            1_000L,
            "ms",
            1_000_000L,
            "s",
            1_000_000_000L,
            "m",
            60_000_000_000L,
            "h",
            3_600_000_000_000L);

    private Timestamps() {}

    /// `2024-01-02T03:04:05.000000000Z`, as `logs --timestamps` prints.
    public static String rfc3339Nano(Instant t) {
        return RFC3339_NANO.format(t);
    }

    /// What Docker takes for `--since` and `--until`: a Go duration before now (`10m`, `1h30m`), RFC 3339 or a part
    /// of
    /// it (in the user's time zone), or seconds since the epoch with an optional fraction.
    public static Instant parse(String text, Instant now, ZoneId zone) {
        Optional<Duration> ago = duration(text);
        if (ago.isPresent()) {
            return now.minus(ago.get());
        }
        if (text.matches("-?[0-9]{1,12}(\\.[0-9]{1,9})?")) {
            java.math.BigDecimal seconds = new java.math.BigDecimal(text);
            long whole = seconds.setScale(0, java.math.RoundingMode.FLOOR).longValue();
            return Instant.ofEpochSecond(
                    whole,
                    seconds.subtract(java.math.BigDecimal.valueOf(whole))
                            .movePointRight(9)
                            .longValue());
        }
        try {
            if (text.matches(".*([Zz]|[+-][0-9]{2}:[0-9]{2})")) {
                return OffsetDateTime.parse(text).toInstant();
            }
            if (text.contains("T")) {
                return LocalDateTime.parse(text).atZone(zone).toInstant();
            }
            return LocalDate.parse(text).atStartOfDay(zone).toInstant();
        } catch (DateTimeException e) {
            throw KelpException.invalid("`" + text + "` is not a point in time")
                    .withHint("use for example 10m, 1h30m, 2006-01-02T15:04:05, 2006-01-02 or seconds since 1970");
        }
    }

    /// A Go duration such as `1h30m`; empty when it is none.
    public static Optional<Duration> duration(String text) {
        Matcher m = PART.matcher(text);
        int at = 0;
        double nanos = 0;
        while (at < text.length()) {
            if (!m.find(at) || m.start() != at) {
                return Optional.empty();
            }
            nanos += Double.parseDouble(m.group(1)) * NANOS.getOrDefault(m.group(2), 0L);
            at = m.end();
        }
        return at == 0 || nanos > Long.MAX_VALUE ? Optional.empty() : Optional.of(Duration.ofNanos((long) nanos));
    }
}
