// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// `--ulimit name=soft[:hard]`, names as in getrlimit(2) without `RLIMIT_`, −1 for unlimited.
public final class Ulimits {
    private static final Set<String> NAMES = Set.of(
            "core",
            "cpu",
            "data",
            "fsize",
            "locks",
            "memlock",
            "msgqueue",
            "nice",
            "nofile",
            "nproc",
            "rss",
            "rtprio",
            "rttime",
            "sigpending",
            "stack");

    private Ulimits() {}

    public static @Nullable Map<String, String> parse(List<String> flags) {
        Map<String, String> limits = new TreeMap<>();
        for (String flag : flags) {
            int equals = flag.indexOf('=');
            String name = equals < 0 ? flag : flag.substring(0, equals);
            if (!NAMES.contains(name)) {
                throw KelpException.invalid("unknown limit `" + name + "` in --ulimit")
                        .withHint("there are "
                                + String.join(", ", NAMES.stream().sorted().toList()));
            }
            String[] values = flag.substring(equals + 1).split(":", -1);
            if (equals < 0 || values.length > 2) {
                throw invalid(flag, "expected name=soft[:hard]");
            }
            long soft = number(flag, values[0]);
            long hard = values.length == 2 ? number(flag, values[1]) : soft;
            if (hard != -1 && (soft == -1 || soft > hard)) {
                throw invalid(flag, "the soft limit is higher than the hard one");
            }
            limits.put(name, soft + ":" + hard);
        }
        return limits.isEmpty() ? null : limits;
    }

    private static long number(String flag, String text) {
        if (text.equals("unlimited")) {
            return -1;
        }
        try {
            long n = Long.parseLong(text);
            if (n >= -1) {
                return n;
            }
        } catch (NumberFormatException e) {
            throw invalid(flag, "`" + text + "` is not a number");
        }
        throw invalid(flag, "`" + text + "` is negative");
    }

    private static KelpException invalid(String flag, String why) {
        return KelpException.invalid("invalid --ulimit `" + flag + "`: " + why);
    }
}
