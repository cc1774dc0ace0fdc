// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.Resources;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Limits.
@Command(optionListHeading = "Resources")
public final class ResourceFlags {
    /// Docker's default period of the CPU quota, in microseconds.
    private static final long PERIOD_MICROS = 100_000;

    private static final long MEMORY_BYTES_MIN = 6 << 20;

    @Option(
            names = {"-m", "--memory"},
            paramLabel = "SIZE",
            description = "memory limit, for example 512m")
    @Nullable
    String memory;

    @Option(names = "--memory-reservation", paramLabel = "SIZE", description = "soft memory limit")
    @Nullable
    String memoryReservation;

    @Option(names = "--memory-swap", paramLabel = "SIZE", description = "limit of memory and swap together; -1: none")
    @Nullable
    String memorySwap;

    @Option(names = "--cpus", paramLabel = "NUMBER", description = "how many processors' time, for example 1.5")
    @Nullable
    String cpus;

    @Option(
            names = {"-c", "--cpu-shares"},
            paramLabel = "WEIGHT",
            description = "relative weight, 1024 is usual")
    long cpuShares;

    @Option(names = "--cpu-quota", paramLabel = "MICROS", description = "processor time a period")
    long cpuQuota;

    @Option(names = "--cpu-period", paramLabel = "MICROS", description = "length of the period")
    long cpuPeriod;

    @Option(names = "--cpuset-cpus", paramLabel = "LIST", description = "processors it may use: 0-2,7")
    @Nullable
    String cpusetCpus;

    @Option(names = "--cpuset-mems", paramLabel = "LIST", description = "memory nodes it may use")
    @Nullable
    String cpusetMems;

    @Option(names = "--pids-limit", paramLabel = "NUMBER", description = "how many processes; -1: no limit")
    long pidsLimit;

    @Option(names = "--blkio-weight", paramLabel = "WEIGHT", description = "relative weight of block I/O, 10 to 1000")
    long blkioWeight;

    @Option(names = "--oom-score-adj", paramLabel = "NUMBER", description = "-1000 to 1000")
    @Nullable
    Integer oomScoreAdj;

    @Option(names = "--shm-size", paramLabel = "SIZE", description = "size of /dev/shm (default: 64m)")
    @Nullable
    String shmSize;

    @Option(names = "--ulimit", paramLabel = "NAME=SOFT[:HARD]", description = "nofile, nproc, core …")
    List<String> ulimits = new ArrayList<>();

    public Resources spec() {
        long memoryBytes = size("--memory", memory);
        if (memoryBytes != 0 && memoryBytes < MEMORY_BYTES_MIN) {
            throw KelpException.invalid("the memory limit must be at least 6m");
        }
        long swapBytes = "-1".equals(memorySwap) ? -1 : size("--memory-swap", memorySwap);
        if (swapBytes > 0 && swapBytes < memoryBytes) {
            throw KelpException.invalid("--memory-swap is the sum of memory and swap, so not smaller than --memory");
        }
        range("--oom-score-adj", oomScoreAdj == null ? 0 : oomScoreAdj, -1000, 1000);
        range("--blkio-weight", blkioWeight, 0, 1000);
        range("--cpu-shares", cpuShares, 0, 262_144);
        checkSet("--cpuset-cpus", cpusetCpus);
        checkSet("--cpuset-mems", cpusetMems);
        long quota = cpuQuota;
        long period = cpuPeriod;
        if (cpus != null) {
            if (quota != 0 || period != 0) {
                throw KelpException.invalid("--cpus excludes --cpu-quota and --cpu-period");
            }
            period = PERIOD_MICROS;
            quota = quota(cpus);
        }
        return new Resources(
                memoryBytes,
                size("--memory-reservation", memoryReservation),
                swapBytes,
                cpuShares,
                quota,
                period,
                cpusetCpus,
                cpusetMems,
                pidsLimit,
                blkioWeight,
                oomScoreAdj,
                size("--shm-size", shmSize),
                Ulimits.parse(ulimits));
    }

    private static long quota(String cpus) {
        if (!cpus.matches("[0-9]{0,5}(\\.[0-9]{1,6})?") || cpus.isEmpty()) {
            throw KelpException.invalid("invalid --cpus `" + cpus + "`: expected a number such as 1.5");
        }
        long quota =
                new BigDecimal(cpus).multiply(BigDecimal.valueOf(PERIOD_MICROS)).longValue();
        if (quota < 1000) {
            throw KelpException.invalid("invalid --cpus `" + cpus + "`: the least is 0.01");
        }
        return quota;
    }

    private static long size(String flag, @Nullable String text) {
        return text == null ? 0 : ByteSize.parse(flag, text);
    }

    private static void range(String flag, long value, long min, long max) {
        if (value < min || value > max) {
            throw KelpException.invalid("invalid " + flag + " " + value + ": the range is " + min + " to " + max);
        }
    }

    private static void checkSet(String flag, @Nullable String list) {
        if (list != null && !list.matches("[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*")) {
            throw KelpException.invalid("invalid " + flag + " `" + list + "`: expected a list such as 0-2,7");
        }
    }
}
