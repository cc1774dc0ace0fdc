// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.KelpException;
import dev.kelp.runtime.spec.OciSpec.ResourceLimit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Resource limits of a container's processes (getrlimit(2)), within the hard limits this process has: without
/// privilege in the initial namespace none of them can be raised.
final class ResourceLimits {
    static final long UNLIMITED = -1;

    /// What Docker and Podman give where the machine allows it.
    private static final long FILES_DEFAULT = 1 << 20;

    /// Docker's names and the lines of /proc/PID/limits.
    private static final Map<String, String> TITLES = Map.ofEntries(
            Map.entry("core", "Max core file size"),
            Map.entry("cpu", "Max cpu time"),
            Map.entry("data", "Max data size"),
            Map.entry("fsize", "Max file size"),
            Map.entry("locks", "Max file locks"),
            Map.entry("memlock", "Max locked memory"),
            Map.entry("msgqueue", "Max msgqueue size"),
            Map.entry("nice", "Max nice priority"),
            Map.entry("nofile", "Max open files"),
            Map.entry("nproc", "Max processes"),
            Map.entry("rss", "Max resident set"),
            Map.entry("rtprio", "Max realtime priority"),
            Map.entry("rttime", "Max realtime timeout"),
            Map.entry("sigpending", "Max pending signals"),
            Map.entry("stack", "Max stack size"));

    private final Map<String, Long> hardLimits;

    private ResourceLimits(Map<String, Long> hardLimits) {
        this.hardLimits = hardLimits;
    }

    /// The limits of this process; read once, a running daemon's do not change.
    static ResourceLimits own() {
        return Own.LIMITS;
    }

    private static final class Own {
        static final ResourceLimits LIMITS = readOwn();

        private static ResourceLimits readOwn() {
            try {
                return parse(Files.readAllLines(Path.of("/proc/self/limits")));
            } catch (IOException e) {
                return new ResourceLimits(Map.of());
            }
        }
    }

    static ResourceLimits parse(List<String> lines) {
        Map<String, Long> hard = new LinkedHashMap<>();
        for (Map.Entry<String, String> t : TITLES.entrySet()) {
            for (String line : lines) {
                if (line.startsWith(t.getValue() + " ")) {
                    String[] words =
                            line.substring(t.getValue().length()).trim().split("\\s+");
                    if (words.length >= 2) {
                        hard.put(t.getKey(), words[1].equals("unlimited") ? UNLIMITED : Long.parseLong(words[1]));
                    }
                }
            }
        }
        return new ResourceLimits(hard);
    }

    /// What the container gets: the limits asked for, cut to the hard ones with a warning each, and the default
    /// number
    /// of open files.
    ///
    /// @param ulimits `name` → `soft[:hard]`
    List<ResourceLimit> forContainer(Map<String, String> ulimits, List<String> warnings) {
        Map<String, ResourceLimit> all = new TreeMap<>();
        long files = cut("nofile", FILES_DEFAULT);
        all.put("nofile", new ResourceLimit("nofile", files, files));
        ulimits.forEach((name, value) -> all.put(name, limit(name, value, warnings)));
        return new ArrayList<>(all.values());
    }

    private ResourceLimit limit(String name, String value, List<String> warnings) {
        if (!TITLES.containsKey(name)) {
            throw KelpException.invalid("`" + name + "` is not the name of a ulimit")
                    .withHint("names are " + String.join(", ", new TreeMap<>(TITLES).keySet()));
        }
        String[] parts = value.split(":", -1);
        long soft = number(name, parts[0]);
        long hard = parts.length > 1 ? number(name, parts[1]) : soft;
        if (parts.length > 2 || exceeds(soft, hard)) {
            throw KelpException.invalid("ulimit " + name + "=" + value + ": the soft limit is above the hard one");
        }
        long cutHard = cut(name, hard);
        if (cutHard != hard) {
            warnings.add("ulimit " + name + "=" + value + " is above this user's hard limit: it is " + cutHard);
        }
        return new ResourceLimit(name, exceeds(soft, cutHard) ? cutHard : soft, cutHard);
    }

    private long cut(String name, long wanted) {
        long hard = hardLimits.getOrDefault(name, UNLIMITED);
        return exceeds(wanted, hard) ? hard : wanted;
    }

    private static boolean exceeds(long a, long b) {
        return b != UNLIMITED && (a == UNLIMITED || a > b);
    }

    private static long number(String name, String digits) {
        try {
            long n = digits.equals("unlimited") ? UNLIMITED : Long.parseLong(digits);
            if (n >= UNLIMITED) {
                return n;
            }
        } catch (NumberFormatException e) {
            // told below, together with numbers that are too small
        }
        throw KelpException.invalid("ulimit " + name + ": `" + digits + "` is not a number, −1 or unlimited");
    }
}
