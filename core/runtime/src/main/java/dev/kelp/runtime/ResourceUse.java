// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.runtime.ContainerProcesses.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What a container uses: from its cgroup where it has one, else added up over its processes.
///
/// Without a cgroup nothing counts what processes used that have ended, except the processor time of those that were
/// waited for. Memory is the proportional set size then (proc_pid_smaps(5)): pages that several share count once.
///
/// @param memoryLimitBytes empty without a limit
/// @param fromCgroup whether a cgroup has counted
public record ResourceUse(
        long cpuNanos,
        long memoryBytes,
        OptionalLong memoryLimitBytes,
        OptionalLong receivedBytes,
        OptionalLong sentBytes,
        OptionalLong readBytes,
        OptionalLong writtenBytes,
        long processes,
        boolean fromCgroup) {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
    private static final long NANOS_A_TICK = 1_000_000_000L / ContainerProcesses.TICKS_A_SECOND;
    private static final long PAGE_BYTES = 4096;

    /// @param census asked when no cgroup counts
    /// @param first pid of the first process
    /// @param sharesPids see [ContainerProcesses#of]
    /// @param ownNetwork whether its network interfaces are its own
    /// @param hasCgroup whether the runtime made a cgroup for it
    static ResourceUse of(ProcessCensus census, int first, boolean sharesPids, boolean ownNetwork, boolean hasCgroup) {
        long[] network = ownNetwork ? network(ContainerProcesses.lines(first, "net/dev")) : new long[0];
        OptionalLong received = network.length == 0 ? OptionalLong.empty() : OptionalLong.of(network[0]);
        OptionalLong sent = network.length == 0 ? OptionalLong.empty() : OptionalLong.of(network[1]);
        Optional<Path> cgroup = hasCgroup ? cgroup(first) : Optional.empty();
        return cgroup.isPresent()
                ? ofCgroup(cgroup.get(), received, sent)
                : ofProcesses(census.of(first, sharesPids), received, sent);
    }

    private static Optional<Path> cgroup(int first) {
        return ContainerProcesses.lines(first, "cgroup").stream()
                .filter(l -> l.startsWith("0::/") && !l.contains("/.."))
                .map(l -> CGROUPS.resolve(l.substring("0::/".length())))
                .filter(dir -> Files.isReadable(dir.resolve("cpu.stat")))
                .findFirst();
    }

    static ResourceUse ofCgroup(Path dir, OptionalLong received, OptionalLong sent) {
        long memory = number(dir, "memory.current").orElse(0);
        // what the kernel can drop at once is no use of memory: so count Docker and the kubelet
        long cache = field(lines(dir, "memory.stat"), "inactive_file").orElse(0);
        List<String> io = lines(dir, "io.stat");
        return new ResourceUse(
                field(lines(dir, "cpu.stat"), "usage_usec").orElse(0) * 1000,
                Math.max(0, memory - cache),
                number(dir, "memory.max"),
                received,
                sent,
                io.isEmpty() ? OptionalLong.empty() : OptionalLong.of(sum(io, "rbytes=")),
                io.isEmpty() ? OptionalLong.empty() : OptionalLong.of(sum(io, "wbytes=")),
                number(dir, "pids.current")
                        .orElseGet(() -> lines(dir, "cgroup.threads").size()),
                true);
    }

    private static ResourceUse ofProcesses(List<Entry> all, OptionalLong received, OptionalLong sent) {
        long cpu = 0;
        long memory = 0;
        long read = 0;
        long written = 0;
        boolean counted = false;
        for (Entry e : all) {
            cpu += (e.cpuTicks() + e.endedCpuTicks()) * NANOS_A_TICK;
            OptionalLong share = field(ContainerProcesses.lines(e.pid(), "smaps_rollup"), "Pss:");
            memory += share.isPresent() ? share.getAsLong() * 1024 : e.residentPages() * PAGE_BYTES;
            List<String> io = ContainerProcesses.lines(e.pid(), "io");
            counted |= !io.isEmpty();
            read += field(io, "read_bytes:").orElse(0);
            written += field(io, "write_bytes:").orElse(0);
        }
        return new ResourceUse(
                cpu,
                memory,
                OptionalLong.empty(),
                received,
                sent,
                counted ? OptionalLong.of(read) : OptionalLong.empty(),
                counted ? OptionalLong.of(written) : OptionalLong.empty(),
                all.size(),
                false);
    }

    /// Bytes received and sent by all interfaces but loopback, from the lines of /proc/PID/net/dev.
    static long[] network(List<String> lines) {
        long received = 0;
        long sent = 0;
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (colon < 0 || line.substring(0, colon).strip().equals("lo")) {
                continue;
            }
            String[] f = line.substring(colon + 1).trim().split("\\s+");
            if (f.length > 8) {
                received += Long.parseLong(f[0]);
                sent += Long.parseLong(f[8]);
            }
        }
        return new long[] {received, sent};
    }

    private static OptionalLong field(List<String> lines, String name) {
        for (String line : lines) {
            String[] f = line.trim().split("\\s+");
            if (f.length > 1 && f[0].equals(name) && f[1].matches("[0-9]{1,18}")) {
                return OptionalLong.of(Long.parseLong(f[1]));
            }
        }
        return OptionalLong.empty();
    }

    private static long sum(List<String> lines, String key) {
        return lines.stream()
                .flatMap(l -> List.of(l.split(" ")).stream())
                .filter(w -> w.startsWith(key) && w.substring(key.length()).matches("[0-9]{1,18}"))
                .mapToLong(w -> Long.parseLong(w.substring(key.length())))
                .sum();
    }

    private static OptionalLong number(Path dir, String file) {
        return lines(dir, file).stream()
                .filter(l -> l.matches("[0-9]{1,18}"))
                .mapToLong(Long::parseLong)
                .findFirst();
    }

    private static List<String> lines(Path dir, String file) {
        try {
            return Files.readAllLines(dir.resolve(file));
        } catch (IOException e) {
            return List.of();
        }
    }
}
