// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One line of the Kubernetes log format, as conmon writes it: `TIME stdout|stderr F|P DATA`. `F` ends a line of the
/// container's output, `P` is a piece that goes on in the next entry of its stream.
record LogLine(Instant time, boolean stderr, boolean whole, int dataAt) {
    /// `YYYY-MM-DDThh:mm:ss`.
    private static final int SECONDS_END = 19;

    private static final int NANO_DIGITS = 9;
    private static final long UNKNOWN = Long.MIN_VALUE;
    private static final byte[] STDOUT = {'s', 't', 'd', 'o', 'u', 't', ' '};
    private static final byte[] STDERR = {'s', 't', 'd', 'e', 'r', 'r', ' '};

    /// Parses `line[from, to)` without its newline; empty when it is anything else.
    static Optional<LogLine> parse(byte[] line, int from, int to) {
        return new Parser().parse(line, from, to);
    }

    /// Parses lines that follow one another: many are of the same second.
    static final class Parser {
        private final byte[] second = new byte[SECONDS_END];
        private long epochSecond = UNKNOWN;

        /// As [LogLine#parse].
        Optional<LogLine> parse(byte[] line, int from, int to) {
            return LogLine.parse(line, from, to, this);
        }

        /// Of the date and time of day that begin at `from`, without an offset; [#UNKNOWN] when they are none.
        private long epochSecond(byte[] b, int from) {
            if (epochSecond == UNKNOWN || !Arrays.equals(second, 0, SECONDS_END, b, from, from + SECONDS_END)) {
                epochSecond = LogLine.epochSecond(b, from);
                System.arraycopy(b, from, second, 0, SECONDS_END);
            }
            return epochSecond;
        }
    }

    private static Optional<LogLine> parse(byte[] line, int from, int to, Parser parser) {
        int space = indexOf(line, from, to);
        if (space < 0 || to - space < 1 + STDOUT.length + 1) {
            return Optional.empty();
        }
        int at = space + 1;
        boolean out = Arrays.equals(line, at, at + STDOUT.length, STDOUT, 0, STDOUT.length);
        boolean err = Arrays.equals(line, at, at + STDERR.length, STDERR, 0, STDERR.length);
        int tag = at + STDOUT.length;
        boolean whole = line[tag] == 'F';
        if ((!out && !err) || (!whole && line[tag] != 'P')) {
            return Optional.empty();
        }
        // more tags may follow the first, after a colon
        int end = indexOf(line, tag, to);
        if (end < 0) {
            end = to;
        } else if (end > tag + 1 && line[tag + 1] != ':') {
            return Optional.empty();
        }
        int dataAt = Math.min(end + 1, to);
        Instant time = time(line, from, space, parser);
        return time == null ? Optional.empty() : Optional.of(new LogLine(time, err, whole, dataAt));
    }

    private static int indexOf(byte[] line, int from, int to) {
        for (int i = from; i < to; i++) {
            if (line[i] == ' ') {
                return i;
            }
        }
        return -1;
    }

    /// RFC 3339 with any number of fractional digits, nanoseconds kept; null when it is none.
    private static @Nullable Instant time(byte[] b, int from, int to, Parser parser) {
        if (to - from < SECONDS_END + 1) {
            return null;
        }
        long second = parser.epochSecond(b, from);
        int at = from + SECONDS_END;
        int nanos = 0;
        if (b[at] == '.') {
            int digits = 0;
            for (at++; at < to && b[at] >= '0' && b[at] <= '9'; at++, digits++) {
                if (digits < NANO_DIGITS) {
                    nanos = nanos * 10 + b[at] - '0';
                }
            }
            for (; digits < NANO_DIGITS; digits++) {
                nanos *= 10;
            }
        }
        int offset = offsetSeconds(b, at, to);
        if (second == UNKNOWN || offset == Integer.MIN_VALUE) {
            return null;
        }
        return Instant.ofEpochSecond(second - offset, nanos);
    }

    private static long epochSecond(byte[] b, int from) {
        if (b[from + 4] != '-' || b[from + 7] != '-' || b[from + 10] != 'T') {
            return UNKNOWN;
        }
        int year = number(b, from, 4);
        int month = number(b, from + 5, 2);
        int day = number(b, from + 8, 2);
        int hour = number(b, from + 11, 2);
        int minute = number(b, from + 14, 2);
        int second = number(b, from + 17, 2);
        if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0 || second < 0) {
            return UNKNOWN;
        }
        try {
            return LocalDate.of(year, month, day).toEpochDay() * 86_400 + hour * 3600L + minute * 60L + second;
        } catch (DateTimeException e) {
            return UNKNOWN;
        }
    }

    private static int offsetSeconds(byte[] b, int at, int to) {
        if (to - at == 1 && b[at] == 'Z') {
            return 0;
        }
        if (to - at != 6 || (b[at] != '+' && b[at] != '-') || b[at + 3] != ':') {
            return Integer.MIN_VALUE;
        }
        int hours = number(b, at + 1, 2);
        int minutes = number(b, at + 4, 2);
        if (hours < 0 || minutes < 0) {
            return Integer.MIN_VALUE;
        }
        int seconds = hours * 3600 + minutes * 60;
        return b[at] == '-' ? -seconds : seconds;
    }

    private static int number(byte[] b, int from, int digits) {
        int n = 0;
        for (int i = from; i < from + digits; i++) {
            if (b[i] < '0' || b[i] > '9') {
                return -1;
            }
            n = n * 10 + b[i] - '0';
        }
        return n;
    }
}
