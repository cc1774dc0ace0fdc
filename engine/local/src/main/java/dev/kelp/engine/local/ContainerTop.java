// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Containers.ProcessTable;
import dev.kelp.model.KelpException;
import dev.kelp.runtime.ContainerProcesses;
import dev.kelp.runtime.ContainerProcesses.Entry;
import dev.kelp.runtime.spec.RootFiles;
import dev.kelp.runtime.spec.Users;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/// What `top` shows. The pids are the machine's, the users the container's.
final class ContainerTop {
    private static final List<String> TITLES = List.of("UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD");
    private static final DateTimeFormatter TODAY = DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT);
    private static final DateTimeFormatter EARLIER = DateTimeFormatter.ofPattern("MMMdd", Locale.ENGLISH);
    private static final int PTY_MAJOR_MIN = 136;
    private static final int PTY_MAJOR_MAX = 143;

    private ContainerTop() {}

    /// The columns of `ps -ef`, from /proc alone.
    static ProcessTable full(int first, List<Entry> processes) {
        Users users = users(first);
        Instant now = Instant.now();
        Instant boot = boot(now);
        List<List<String>> rows = new ArrayList<>();
        for (Entry e : processes) {
            long uid = ContainerProcesses.user(e.pid());
            Instant start = boot.plusMillis(e.startTicks() * 1000 / ContainerProcesses.TICKS_A_SECOND);
            long cpuSeconds = e.cpuTicks() / ContainerProcesses.TICKS_A_SECOND;
            long livedSeconds = Math.max(1, Duration.between(start, now).toSeconds());
            rows.add(List.of(
                    users.name(uid).orElse(Long.toString(uid)),
                    Integer.toString(e.pid()),
                    Integer.toString(e.parent()),
                    Long.toString(Math.min(99, cpuSeconds * 100 / livedSeconds)),
                    startTime(start, now),
                    terminal(e.terminal()),
                    String.format(
                            Locale.ROOT, "%02d:%02d:%02d", cpuSeconds / 3600, cpuSeconds / 60 % 60, cpuSeconds % 60),
                    ContainerProcesses.commandLine(e)));
        }
        return new ProcessTable(TITLES, rows);
    }

    private static Users users(int first) {
        try (RootFiles root = new RootFiles("/proc/" + first + "/root")) {
            return Users.of(root);
        } catch (KelpException e) {
            return Users.parse(new byte[0], new byte[0]);
        }
    }

    private static Instant boot(Instant now) {
        try {
            String uptime = Files.readString(Path.of("/proc/uptime"));
            return now.minusMillis((long) (Double.parseDouble(uptime.substring(0, uptime.indexOf(' '))) * 1000));
        } catch (IOException | RuntimeException e) {
            return now;
        }
    }

    private static String startTime(Instant start, Instant now) {
        ZonedDateTime local = start.atZone(ZoneId.systemDefault());
        boolean today =
                local.toLocalDate().equals(now.atZone(ZoneId.systemDefault()).toLocalDate());
        return (today ? TODAY : EARLIER).format(local);
    }

    /// The number is a dev_t as proc_pid_stat(5) gives it.
    static String terminal(int device) {
        int major = device >> 8 & 0xfff;
        int minor = device & 0xff | device >> 12 & 0xfff00;
        if (major >= PTY_MAJOR_MIN && major <= PTY_MAJOR_MAX) {
            return "pts/" + ((major - PTY_MAJOR_MIN) * 256 + minor);
        }
        return major == 4 ? "tty" + minor : "?";
    }

    /// The lines of ps(1) that are about these processes; the last column takes the rest of a line.
    static ProcessTable select(String output, Set<Integer> pids) {
        List<String> lines = output.lines().filter(l -> !l.isBlank()).toList();
        List<String> titles = lines.isEmpty() ? List.of() : words(lines.getFirst(), Integer.MAX_VALUE);
        int column = titles.indexOf("PID");
        if (column < 0) {
            throw KelpException.invalid("the output of ps has no column PID, by which the container's are found")
                    .withHint("add pid to the columns, for example -o pid,comm");
        }
        Function<String, List<String>> cells = l -> words(l, titles.size());
        return new ProcessTable(
                titles,
                lines.stream()
                        .skip(1)
                        .map(cells)
                        .filter(row -> row.size() > column && isAmong(pids, row.get(column)))
                        .collect(Collectors.toList()));
    }

    private static boolean isAmong(Set<Integer> pids, String text) {
        return text.matches("[0-9]{1,9}") && pids.contains(Integer.parseInt(text));
    }

    private static List<String> words(String line, int max) {
        return Arrays.asList(line.strip().split("\\s+", max == Integer.MAX_VALUE ? 0 : max));
    }
}
