// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/// What the kernel tells of this machine and of processes.
final class Machine {
    private static final double CALM_SHARE_MAX = 0.25;
    private static final long SAMPLE_MILLIS = 100;

    private Machine() {}

    static int uid() {
        try {
            return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
        } catch (IOException e) {
            throw new UncheckedIOException("read the user id", e);
        }
    }

    /// Waits until others leave the processors alone, at most so long.
    ///
    /// @return whether it is calm
    static boolean awaitCalm(long patienceMillis) {
        long deadline = System.nanoTime() + patienceMillis * 1_000_000;
        do {
            long[] before = processorTicks();
            sleepMillis(SAMPLE_MILLIS);
            long[] after = processorTicks();
            double busy = 1 - (double) (after[0] - before[0]) / Math.max(1, after[1] - before[1]);
            if (busy <= CALM_SHARE_MAX) {
                return true;
            }
        } while (System.nanoTime() < deadline);
        return false;
    }

    /// Idle and all ticks (proc_stat(5): idle and iowait are the fourth and fifth).
    private static long[] processorTicks() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/stat"))) {
            String[] fields = lines.findFirst().orElseThrow().split(" +");
            long[] ticks = Stream.of(fields).skip(1).mapToLong(Long::parseLong).toArray();
            return new long[] {ticks[3] + ticks[4], LongStream.of(ticks).limit(8).sum()};
        } catch (IOException e) {
            throw new UncheckedIOException("read /proc/stat", e);
        }
    }

    /// The proportional set size of a process of this user.
    static double pssMegabytes(long pid) {
        Path file = Path.of("/proc", Long.toString(pid), "smaps_rollup");
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum()
                    * 1024
                    / 1e6;
        } catch (IOException e) {
            throw new UncheckedIOException("read " + file, e);
        }
    }

    /// The processor time a process has used so far (proc_pid_stat(5): utime and stime, in hundredths of a second).
    static double processorMillis(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return 10.0 * (Long.parseLong(fields[11]) + Long.parseLong(fields[12]));
        } catch (IOException e) {
            throw new UncheckedIOException("read the processor time of " + pid, e);
        }
    }

    /// Processes with this command name whose arguments contain a text.
    static List<Long> processes(String name, String argument) {
        List<Long> found = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            for (Path process : all.filter(path -> path.getFileName().toString().matches("\\d+"))
                    .toList()) {
                if (text(process.resolve("comm")).equals(name + "\n")
                        && text(process.resolve("cmdline")).contains(argument)) {
                    found.add(Long.parseLong(process.getFileName().toString()));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("list /proc", e);
        }
        return found;
    }

    static void sleepMillis(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Empty for a process that is gone.
    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }
}
