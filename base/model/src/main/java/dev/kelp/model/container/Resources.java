// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Limits. Zero or null: none. Sizes in bytes, cpu times in microseconds.
///
/// @param ulimits `name=soft:hard` (−1: unlimited), names as in Docker (`nofile`, `nproc`, …)
/// @param memorySwappiness 0 to 100, null: the machine's
/// @param unified files of cgroup2 and what is written to them
/// @param cgroupParent the cgroup below which the container's is made
/// @param rdtClass class of service of Intel's resource director
/// @param deviceRules `TYPE MAJOR:MINOR rwm`, as in `--device-cgroup-rule`
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
        @Nullable List<String> deviceRules) {
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
                null);
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
