// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Logging;
import dev.kelp.runtime.LogRotation;
import dev.kelp.runtime.receiver.LogReceivers;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What `--log-driver` and `--log-opt` come to. Docker's drivers that keep the log here are views of the one log that
/// conmon writes. Those that send it on keep it, too: for `logs`, and until the receiver has it.
///
/// @param isKept whether there is a log
/// @param bytesMax when a file of the log is full; 0: never
/// @param files how many files it has at most
/// @param isSent whether it is sent on
record LogSettings(boolean isKept, long bytesMax, int files, boolean isSent) {
    private static final Set<String> KEPT = Set.of("json-file", "local", "k8s-file");
    private static final Set<String> COMMON =
            Set.of("labels", "labels-regex", "env", "env-regex", "tag", "mode", "max-buffer-size");

    private static final Set<String> FILES = Set.of("max-size", "max-file", "compress");

    private static final Set<String> CACHE =
            Set.of("cache-disabled", "cache-max-size", "cache-max-file", "cache-compress");

    private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})([kmg]?)i?b?");

    /// What Docker's `local` keeps unless told otherwise.
    private static final long LOCAL_BYTES = 20L << 20;

    private static final int LOCAL_FILES = 5;

    static LogSettings of(Logging logging) {
        String driver = logging.driver();
        if (driver.equals("none")) {
            return new LogSettings(false, 0, 1, false);
        }
        boolean sent = LogReceivers.isDriver(driver);
        if (!KEPT.contains(driver) && !sent) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "log driver `" + driver + "` is not there")
                    .withHint("use json-file, local, journald, syslog, fluentd, none or binary:///PATH");
        }
        for (String option : logging.options().keySet()) {
            if (!COMMON.contains(option)
                    && !(sent ? CACHE : FILES).contains(option)
                    && !LogReceivers.options(driver).contains(option)) {
                throw KelpException.invalid("unknown log opt '" + option + "' for " + driver + " log driver");
            }
        }
        LogReceivers.check(logging);
        LogOrigin.check(logging);
        if (sent) {
            String cached = logging.options().get("cache-max-size");
            String number = logging.options().get("cache-max-file");
            return new LogSettings(
                    true,
                    cached == null ? LOCAL_BYTES : bytes(cached),
                    number == null ? LOCAL_FILES : count(number),
                    true);
        }
        boolean local = driver.equals("local");
        String size = logging.options().get("max-size");
        String files = logging.options().get("max-file");
        long each = size == null ? local ? LOCAL_BYTES : 0 : bytes(size);
        int count = files == null ? local ? LOCAL_FILES : 1 : count(files);
        if (each == 0 && files != null && count > 1) {
            throw KelpException.invalid("max-file=" + files + " needs a max-size");
        }
        return new LogSettings(true, each, count, false);
    }

    /// `-1` is Docker's word for no limit.
    private static long bytes(String text) {
        if (text.equals("-1")) {
            return 0;
        }
        Matcher m = SIZE.matcher(text.toLowerCase(Locale.ROOT));
        long number = m.matches() ? Long.parseLong(m.group(1)) : 0;
        if (number == 0) {
            throw KelpException.invalid("invalid max-size `" + text + "`: expected a size such as 10m");
        }
        return number << (m.group(2).isEmpty() ? 0 : 10 * ("kmg".indexOf(m.group(2)) + 1));
    }

    private static int count(String text) {
        int count = text.matches("[1-9][0-9]{0,3}") ? Integer.parseInt(text) : 0;
        if (count == 0 || count > LogRotation.FILES_MAX) {
            throw KelpException.invalid(
                    "invalid max-file `" + text + "`: expected a number from 1 to " + LogRotation.FILES_MAX);
        }
        return count;
    }
}
