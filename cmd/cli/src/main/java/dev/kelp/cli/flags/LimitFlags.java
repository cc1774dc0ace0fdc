// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.BlockLimits;
import dev.kelp.model.container.Resources;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongBiFunction;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Limits that a cgroup keeps and that can be changed later.
@Command(optionListHeading = "Resources")
public final class LimitFlags {
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

    @Option(names = "--blkio-weight-device", paramLabel = "DEVICE:WEIGHT", description = "weight for one device")
    List<String> blkioWeightDevices = new ArrayList<>();

    @Option(names = "--device-read-bps", paramLabel = "DEVICE:RATE", description = "bytes read a second, such as 1mb")
    List<String> readBps = new ArrayList<>();

    @Option(names = "--device-write-bps", paramLabel = "DEVICE:RATE", description = "bytes written a second")
    List<String> writeBps = new ArrayList<>();

    @Option(names = "--device-read-iops", paramLabel = "DEVICE:RATE", description = "reads a second")
    List<String> readIops = new ArrayList<>();

    @Option(names = "--device-write-iops", paramLabel = "DEVICE:RATE", description = "writes a second")
    List<String> writeIops = new ArrayList<>();

    @Option(names = "--cpu-rt-period", paramLabel = "MICROS", description = "real-time period (cgroup version 1 only)")
    long realtimePeriod;

    @Option(names = "--cpu-rt-runtime", paramLabel = "MICROS", description = "real-time time (cgroup version 1 only)")
    long realtimeRuntime;

    @Option(names = "--memory-swappiness", paramLabel = "NUMBER", description = "0 to 100 (cgroup version 1 only)")
    @Nullable
    Integer swappiness;

    @Option(
            names = "--kernel-memory",
            paramLabel = "SIZE",
            description = "accepted and ignored: kernels have it no more")
    @Nullable
    String kernelMemory;

    /// Whether a flag was given that has no effect on any machine.
    public boolean kernelMemoryAsked() {
        return kernelMemory != null;
    }

    /// The limits asked for, everything else as in `rest`.
    public Resources apply(Resources rest) {
        long memoryBytes = size("--memory", memory);
        if (memoryBytes != 0 && memoryBytes < MEMORY_BYTES_MIN) {
            throw KelpException.invalid("the memory limit must be at least 6m");
        }
        long swapBytes = "-1".equals(memorySwap) ? -1 : size("--memory-swap", memorySwap);
        if (swapBytes > 0 && swapBytes < memoryBytes) {
            throw KelpException.invalid("--memory-swap is the sum of memory and swap, so not smaller than --memory");
        }
        if (swapBytes > 0 && memoryBytes == 0) {
            throw KelpException.invalid("--memory-swap needs --memory: it is the sum of memory and swap");
        }
        long reservation = size("--memory-reservation", memoryReservation);
        if (memoryBytes != 0 && reservation > memoryBytes) {
            throw KelpException.invalid("--memory-reservation is more than --memory");
        }
        check();
        long quota = cpus != null ? quota(cpus) : cpuQuota;
        long period = cpus != null ? PERIOD_MICROS : cpuPeriod;
        return new Resources(
                memoryBytes,
                reservation,
                swapBytes,
                cpuShares,
                quota,
                period,
                cpusetCpus,
                cpusetMems,
                pidsLimit,
                blkioWeight,
                rest.oomScoreAdj(),
                rest.shmSizeBytes(),
                rest.ulimits(),
                realtimePeriod,
                realtimeRuntime,
                swappiness == null || swappiness == -1 ? null : swappiness,
                rest.oomKillDisable(),
                blockLimits(),
                rest.unified(),
                rest.cgroupParent(),
                rest.rdtClass(),
                rest.deviceRules(),
                rest.cgroupManager(),
                rest.bestEffort());
    }

    private void check() {
        if (cpus != null && (cpuQuota != 0 || cpuPeriod != 0)) {
            throw KelpException.invalid("--cpus excludes --cpu-quota and --cpu-period");
        }
        if (blkioWeight != 0) {
            range("--blkio-weight", blkioWeight, 10, 1000);
        }
        range("--cpu-shares", cpuShares, 0, 262_144);
        range("--pids-limit", pidsLimit, -1, 4_194_304);
        range("--memory-swappiness", swappiness == null ? 0 : swappiness, -1, 100);
        if (cpuPeriod != 0) {
            range("--cpu-period", cpuPeriod, 1000, 1_000_000);
        }
        if (cpuQuota != 0 && cpuQuota != -1) {
            range("--cpu-quota", cpuQuota, 1000, Long.MAX_VALUE);
        }
        if (realtimeRuntime < 0 || realtimePeriod < 0 || (realtimePeriod != 0 && realtimeRuntime > realtimePeriod)) {
            throw KelpException.invalid("--cpu-rt-runtime is not between 0 and --cpu-rt-period");
        }
        checkSet("--cpuset-cpus", cpusetCpus);
        checkSet("--cpuset-mems", cpusetMems);
    }

    private @Nullable BlockLimits blockLimits() {
        BlockLimits limits = new BlockLimits(
                devices("--blkio-weight-device", blkioWeightDevices, LimitFlags::weight),
                devices("--device-read-bps", readBps, ByteSize::parse),
                devices("--device-write-bps", writeBps, ByteSize::parse),
                devices("--device-read-iops", readIops, LimitFlags::count),
                devices("--device-write-iops", writeIops, LimitFlags::count));
        return limits.equals(new BlockLimits(Map.of(), Map.of(), Map.of(), Map.of(), Map.of())) ? null : limits;
    }

    private static Map<String, Long> devices(String flag, List<String> words, ToLongBiFunction<String, String> value) {
        Map<String, Long> all = new LinkedHashMap<>();
        for (String word : words) {
            int colon = word.lastIndexOf(':');
            if (colon <= 0 || !word.startsWith("/dev/")) {
                throw KelpException.invalid("invalid " + flag + " `" + word + "`: expected /dev/DEVICE:NUMBER");
            }
            long number = value.applyAsLong(flag, word.substring(colon + 1));
            if (number <= 0) {
                throw KelpException.invalid("invalid " + flag + " `" + word + "`: the least is 1");
            }
            all.put(word.substring(0, colon), number);
        }
        return all;
    }

    private static long count(String flag, String text) {
        if (!text.matches("[0-9]{1,18}")) {
            throw KelpException.invalid("invalid " + flag + ": `" + text + "` is not a number");
        }
        return Long.parseLong(text);
    }

    private static long weight(String flag, String text) {
        long weight = count(flag, text);
        range(flag, weight, 10, 1000);
        return weight;
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
