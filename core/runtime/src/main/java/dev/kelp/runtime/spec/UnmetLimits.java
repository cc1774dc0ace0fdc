// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.Resources;
import dev.kelp.rootless.CgroupAccess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Which limits this machine does not keep for this user, and why.
final class UnmetLimits {
    private static final Path RESCTRL = Path.of("/sys/fs/resctrl/schemata");

    private UnmetLimits() {}

    /// @return a sentence each
    static List<String> of(Resources asked, CgroupAccess cgroups) {
        List<String> all = new ArrayList<>();
        if (asked.rdtClass() != null && !Files.exists(RESCTRL)) {
            throw KelpException.invalid(
                    "--rdt-class " + asked.rdtClass() + ": /sys/fs/resctrl is not mounted on this machine");
        }
        boolean none = cgroups.driver() == CgroupAccess.Driver.DISABLED;
        if (asked.cgroupParent() != null && none) {
            all.add("the parent cgroup `" + asked.cgroupParent()
                    + "` is not used: no cgroup2 is delegated to this user");
        }
        if (asked.deviceRules() != null && !asked.deviceRules().isEmpty()) {
            all.add("device rules have no effect: in a user namespace the modes of the device nodes decide");
        }
        version1(asked, all);
        if (!asked.needsCgroup()) {
            return all;
        }
        if (none) {
            all.add("limits on memory, cpu, pids and block devices are not kept:"
                    + " no cgroup2 is delegated to this user");
            return all;
        }
        needed(asked).forEach((controller, wanted) -> {
            if (wanted && !cgroups.controllers().contains(controller)) {
                all.add("the limit is not kept: the cgroup controller " + controller
                        + " is not delegated to this user");
            }
        });
        return all;
    }

    private static void version1(Resources asked, List<String> all) {
        if (asked.memorySwappiness() != null) {
            all.add("the swappiness is not kept: cgroup2 has none");
        }
        if (asked.oomKillDisable()) {
            all.add("the kernel's killer of processes stays on: cgroup2 cannot disable it");
        }
        if (asked.cpuRealtimePeriodMicros() != 0 || asked.cpuRealtimeRuntimeMicros() != 0) {
            all.add("the real-time limits are not kept: cgroup2 has none");
        }
    }

    private static Map<String, Boolean> needed(Resources asked) {
        return new TreeMap<>(Map.of(
                "memory",
                asked.memoryBytes() != 0 || asked.memoryReservationBytes() != 0 || asked.memorySwapBytes() != 0,
                "cpu",
                asked.cpuShares() != 0 || asked.cpuQuotaMicros() != 0,
                "cpuset",
                asked.cpusetCpus() != null || asked.cpusetMems() != null,
                "pids",
                asked.pidsLimit() > 0,
                "io",
                asked.blkioWeight() != 0 || asked.blockDevices() != null));
    }
}
