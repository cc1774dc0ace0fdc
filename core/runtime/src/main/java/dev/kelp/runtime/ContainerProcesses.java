// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The processes of a container, found without a cgroup: those that share the first one's pid or mount namespace, which
/// no other container has, and what they have started. Two may have ended and others begun before the list is read.
public final class ContainerProcesses {
    /// Of the kernel's USER_HZ, the same on every architecture Linux runs on today.
    public static final long TICKS_A_SECOND = 100;

    private static final int FILE_BYTES_MAX = 64 << 10;

    private ContainerProcesses() {}

    /// One process as proc_pid_stat(5) tells of it.
    ///
    /// @param terminal device number of its terminal, 0 for none
    /// @param cpuTicks user and system time, [#TICKS_A_SECOND]
    /// @param endedCpuTicks the same of children it has waited for
    /// @param startTicks since the machine's start
    public record Entry(
            int pid,
            int parent,
            String name,
            char state,
            int terminal,
            long cpuTicks,
            long endedCpuTicks,
            long startTicks,
            long residentPages) {}

    /// @param first pid of the container's first process
    /// @param sharesPids whether it runs in a pid namespace that others use too
    public static List<Entry> of(int first, boolean sharesPids) {
        return new ProcessCensus().of(first, sharesPids);
    }

    /// Empty when it has ended.
    static Optional<Entry> read(int pid) {
        return text(pid, "stat").flatMap(ContainerProcesses::parse);
    }

    /// The name is in parentheses and may hold any of them.
    static Optional<Entry> parse(String stat) {
        int open = stat.indexOf('(');
        int close = stat.lastIndexOf(')');
        if (open < 0 || close < open) {
            return Optional.empty();
        }
        String[] f = stat.substring(close + 1).trim().split(" ");
        if (f.length < 22) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Entry(
                    Integer.parseInt(stat.substring(0, open).trim()),
                    Integer.parseInt(f[1]),
                    stat.substring(open + 1, close),
                    f[0].charAt(0),
                    Integer.parseInt(f[4]),
                    Long.parseLong(f[11]) + Long.parseLong(f[12]),
                    Long.parseLong(f[13]) + Long.parseLong(f[14]),
                    Long.parseLong(f[19]),
                    Long.parseLong(f[21])));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /// The arguments joined by spaces; the name in brackets when there are none.
    public static String commandLine(Entry e) {
        String words = text(e.pid(), "cmdline").orElse("");
        words = words.replace('\0', ' ').strip();
        return words.isEmpty() ? "[" + e.name() + "]" : words;
    }

    /// The effective user, as an id of this namespace.
    public static long user(int pid) {
        return text(pid, "status")
                .flatMap(t -> t.lines().filter(l -> l.startsWith("Uid:")).findFirst())
                .map(l -> Long.parseLong(l.trim().split("\\s+")[2]))
                .orElse(0L);
    }

    /// A file of /proc/PID, its first [#FILE_BYTES_MAX] bytes.
    static Optional<String> text(int pid, String file) {
        try (var in = Files.newInputStream(Path.of("/proc/" + pid + "/" + file))) {
            return Optional.of(new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /// The lines of a file of /proc/PID.
    static List<String> lines(int pid, String file) {
        return text(pid, file).map(t -> new ArrayList<>(t.lines().toList())).orElseGet(ArrayList::new);
    }
}
