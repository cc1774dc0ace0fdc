// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.KelpException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Sizes as Docker takes them: a number and `b`, `k`, `m`, `g`, `t` or `p` (powers of 1024; `kb` and `KiB` are the
/// same).
public final class ByteSize {
    private static final Pattern SYNTAX = Pattern.compile("([0-9]{1,18}(?:\\.[0-9]{1,9})?) ?([kmgtp]?)i?b?");

    private ByteSize() {}

    /// @param flag for the error
    public static long parse(String flag, String text) {
        Matcher m = SYNTAX.matcher(text.toLowerCase(Locale.ROOT));
        if (!m.matches()) {
            throw invalid(flag, text);
        }
        int power = m.group(2).isEmpty() ? 0 : "kmgtp".indexOf(m.group(2)) + 1;
        BigDecimal bytes = new BigDecimal(m.group(1)).multiply(BigDecimal.valueOf(1L << (10 * power)));
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw invalid(flag, text);
        }
        return bytes.setScale(0, RoundingMode.DOWN).longValueExact();
    }

    private static KelpException invalid(String flag, String text) {
        return KelpException.invalid("invalid size `" + text + "` for " + flag)
                .withHint("use a number and b, k, m or g, for example 64m");
    }
}
