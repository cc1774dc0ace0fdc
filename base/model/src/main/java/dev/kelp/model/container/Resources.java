// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Limits. Zero or null: none. Sizes in bytes, cpu times in microseconds.
///
/// @param ulimits `name=soft:hard` (−1: unlimited), names as in Docker (`nofile`, `nproc`, …)
/// @param memorySwappiness 0 to 100, null: the machine's
/// @param unified files of cgroup2 and what is written to them
/// @param cgroupParent the cgroup below which the container's is made
/// @param rdtClass class of service of Intel's resource director
/// @param deviceRules `TYPE MAJOR:MINOR rwm`, as in `--device-cgroup-rule`
/// @param cgroupManager who makes the cgroup: `systemd`, `cgroupfs` or `none`; null: the best there is
/// @param bestEffort go on where the machine has no controller for a limit
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
public record Resources(
        long memoryBytes,
        long memoryReservationBytes,
        long memorySwapBytes,
        long cpuShares,
        long cpuQuotaMicros,
        long cpuPeriodMicros,
        @Nullable String cpusetCpus,
        @Nullable String cpusetMems,
        long pidsLimit,
        long blkioWeight,
        @Nullable Integer oomScoreAdj,
        long shmSizeBytes,
        @Nullable Map<String, String> ulimits,
        long cpuRealtimePeriodMicros,
        long cpuRealtimeRuntimeMicros,
        @Nullable Integer memorySwappiness,
        boolean oomKillDisable,
        @Nullable BlockLimits blockDevices,
        @Nullable Map<String, String> unified,
        @Nullable String cgroupParent,
        @Nullable String rdtClass,
        @Nullable List<String> deviceRules,
        @Nullable String cgroupManager,
        boolean bestEffort) {
    public static final Resources NONE = new Resources(0, 0, 0, 0, 0, 0, null, null, 0, 0, null, 0, null);

    /// The usual limits.
    public Resources(
            long memoryBytes,
            long memoryReservationBytes,
            long memorySwapBytes,
            long cpuShares,
            long cpuQuotaMicros,
            long cpuPeriodMicros,
            @Nullable String cpusetCpus,
            @Nullable String cpusetMems,
            long pidsLimit,
            long blkioWeight,
            @Nullable Integer oomScoreAdj,
            long shmSizeBytes,
            @Nullable Map<String, String> ulimits) {
        this(
                memoryBytes,
                memoryReservationBytes,
                memorySwapBytes,
                cpuShares,
                cpuQuotaMicros,
                cpuPeriodMicros,
                cpusetCpus,
                cpusetMems,
                pidsLimit,
                blkioWeight,
                oomScoreAdj,
                shmSizeBytes,
                ulimits,
                0,
                0,
                null,
                false,
                null,
                null,
                null,
                null,
                null,
                null,
                false);
    }

    /// These limits with those of `changes` that are neither zero nor null in their place.
    public Resources changedBy(Resources changes) {
        return new Resources(
                or(changes.memoryBytes, memoryBytes),
                or(changes.memoryReservationBytes, memoryReservationBytes),
                or(changes.memorySwapBytes, memorySwapBytes),
                or(changes.cpuShares, cpuShares),
                or(changes.cpuQuotaMicros, cpuQuotaMicros),
                or(changes.cpuPeriodMicros, cpuPeriodMicros),
                or(changes.cpusetCpus, cpusetCpus),
                or(changes.cpusetMems, cpusetMems),
                or(changes.pidsLimit, pidsLimit),
                or(changes.blkioWeight, blkioWeight),
                or(changes.oomScoreAdj, oomScoreAdj),
                or(changes.shmSizeBytes, shmSizeBytes),
                or(changes.ulimits, ulimits),
                or(changes.cpuRealtimePeriodMicros, cpuRealtimePeriodMicros),
                or(changes.cpuRealtimeRuntimeMicros, cpuRealtimeRuntimeMicros),
                or(changes.memorySwappiness, memorySwappiness),
                changes.oomKillDisable || oomKillDisable,
                or(changes.blockDevices, blockDevices),
                or(changes.unified, unified),
                or(changes.cgroupParent, cgroupParent),
                or(changes.rdtClass, rdtClass),
                or(changes.deviceRules, deviceRules),
                or(changes.cgroupManager, cgroupManager),
                changes.bestEffort || bestEffort);
    }

    /// These limits in a cgroup that `manager` makes.
    public Resources withCgroups(@Nullable String manager, boolean anyway) {
        return new Resources(
                memoryBytes,
                memoryReservationBytes,
                memorySwapBytes,
                cpuShares,
                cpuQuotaMicros,
                cpuPeriodMicros,
                cpusetCpus,
                cpusetMems,
                pidsLimit,
                blkioWeight,
                oomScoreAdj,
                shmSizeBytes,
                ulimits,
                cpuRealtimePeriodMicros,
                cpuRealtimeRuntimeMicros,
                memorySwappiness,
                oomKillDisable,
                blockDevices,
                unified,
                cgroupParent,
                rdtClass,
                deviceRules,
                manager,
                anyway);
    }

    /// These limits but for those that need other controllers of cgroup2 than these.
    public Resources keptBy(Set<String> controllers) {
        boolean memory = controllers.contains("memory");
        boolean cpu = controllers.contains("cpu");
        boolean cpuset = controllers.contains("cpuset");
        boolean io = controllers.contains("io");
        return new Resources(
                memory ? memoryBytes : 0,
                memory ? memoryReservationBytes : 0,
                memory ? memorySwapBytes : 0,
                cpu ? cpuShares : 0,
                cpu ? cpuQuotaMicros : 0,
                cpu ? cpuPeriodMicros : 0,
                cpuset ? cpusetCpus : null,
                cpuset ? cpusetMems : null,
                controllers.contains("pids") ? pidsLimit : 0,
                io ? blkioWeight : 0,
                oomScoreAdj,
                shmSizeBytes,
                ulimits,
                cpuRealtimePeriodMicros,
                cpuRealtimeRuntimeMicros,
                memorySwappiness,
                oomKillDisable,
                io ? blockDevices : null,
                unified,
                cgroupParent,
                rdtClass,
                deviceRules,
                cgroupManager,
                bestEffort);
    }

    private static long or(long changed, long present) {
        return changed != 0 ? changed : present;
    }

    private static <T> @Nullable T or(@Nullable T changed, @Nullable T present) {
        return changed != null ? changed : present;
    }

    /// Whether anything here needs a cgroup controller.
    public boolean needsCgroup() {
        return memoryBytes != 0
                || memoryReservationBytes != 0
                || memorySwapBytes != 0
                || cpuShares != 0
                || cpuQuotaMicros != 0
                || cpusetCpus != null
                || cpusetMems != null
                || pidsLimit > 0
                || blkioWeight != 0
                || cpuRealtimePeriodMicros != 0
                || cpuRealtimeRuntimeMicros != 0
                || memorySwappiness != null
                || oomKillDisable
                || blockDevices != null
                || (unified != null && !unified.isEmpty());
    }
}
