// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import java.math.BigDecimal;
import java.time.Duration;

/// Durations as Go writes them: `1m30s`, `500ms`.
final class GoDuration {
    private GoDuration() {}

    static String text(Duration d) {
        if (d.compareTo(Duration.ofSeconds(1)) < 0) {
            return plain(BigDecimal.valueOf(d.toNanos(), 6)) + "ms";
        }
        String seconds = plain(BigDecimal.valueOf(d.toNanosPart(), 9).add(BigDecimal.valueOf(d.toSecondsPart()))) + "s";
        if (d.toHours() > 0) {
            return d.toHours() + "h" + d.toMinutesPart() + "m" + seconds;
        }
        return d.toMinutes() > 0 ? d.toMinutes() + "m" + seconds : seconds;
    }

    private static String plain(BigDecimal n) {
        return n.signum() == 0 ? "0" : n.stripTrailingZeros().toPlainString();
    }
}
