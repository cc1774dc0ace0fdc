// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Resources;
import dev.kelp.rootless.CgroupAccess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// Which limits this machine does not keep for this user, and why.
final class UnmetLimits {
    private static final Path RESCTRL = Path.of("/sys/fs/resctrl/schemata");

    private static final Pattern SLICE = Pattern.compile("[A-Za-z0-9:_.\\\\@-]{1,200}\\.slice");

    private UnmetLimits() {}

    /// Refuses what would be asked of a cgroup that cannot be so.
    ///
    /// @throws KelpException UNSUPPORTED for a limit whose controller is missing, unless the user can do without;
    /// UNAVAILABLE
    /// when cgroups could not be made although they should;
    /// INVALID_ARGUMENT for a parent that its driver cannot mean
    static void refuse(Resources asked, CgroupAccess cgroups) {
        String parent = asked.cgroupParent();
        boolean systemd = cgroups.driver() == CgroupAccess.Driver.SYSTEMD;
        if (parent != null && systemd && !SLICE.matcher(parent).matches()) {
            throw KelpException.invalid("invalid --cgroup-parent `" + parent + "`: systemd knows slices")
                    .withHint("name it as in `batch.slice`, or use --cgroup-manager=cgroupfs");
        }
        if (cgroups.failure() != null && asked.needsCgroup() && !asked.bestEffort()) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "the limit is not kept: " + cgroups.failure())
                    .withHint("try again; --best-effort-limits does without the limit");
        }
        Map<String, String> lacking = lacking(asked, cgroups);
        if (!lacking.isEmpty() && !asked.bestEffort()) {
            throw new KelpException(ErrorKind.UNSUPPORTED, String.join("; ", lacking.values()))
                    .withHint("`kelp setup check` says what to type; --best-effort-limits does without the limit");
        }
    }

    /// The controllers that are missing for these limits, and where.
    private static Map<String, String> lacking(Resources asked, CgroupAccess cgroups) {
        Map<String, String> all = new TreeMap<>();
        if (cgroups.driver() != CgroupAccess.Driver.DISABLED) {
            needed(asked).forEach((controller, wanted) -> {
                if (wanted && !cgroups.controllers().contains(controller)) {
                    all.put(
                            controller,
                            "the limit is not kept: the cgroup controller " + controller
                                    + " is not delegated to this user: " + cgroups.lacking(controller));
                }
            });
        }
        return all;
    }

    /// What is left of the limits with these cgroups.
    static Resources kept(Resources asked, CgroupAccess cgroups) {
        return lacking(asked, cgroups).isEmpty() ? asked : asked.keptBy(cgroups.controllers());
    }

    /// @return a sentence each
    static List<String> of(Resources asked, CgroupAccess cgroups) {
        List<String> all = new ArrayList<>();
        if (asked.rdtClass() != null && !Files.exists(RESCTRL)) {
            throw KelpException.invalid(
                    "--rdt-class " + asked.rdtClass() + ": /sys/fs/resctrl is not mounted on this machine");
        }
        boolean none = cgroups.driver() == CgroupAccess.Driver.DISABLED;
        if (asked.cgroupParent() != null && none) {
            all.add("the parent cgroup `" + asked.cgroupParent() + "` is not used: " + noCgroup(asked, cgroups));
        }
        if (asked.deviceRules() != null && !asked.deviceRules().isEmpty()) {
            all.add("device rules have no effect: in a user namespace the modes of the device nodes decide");
        }
        version1(asked, all);
        if (!asked.needsCgroup()) {
            return all;
        }
        if (none) {
            all.add("limits on memory, cpu, pids and block devices are not kept: " + noCgroup(asked, cgroups));
            return all;
        }
        all.addAll(lacking(asked, cgroups).values());
        return all;
    }

    private static String noCgroup(Resources asked, CgroupAccess cgroups) {
        if (cgroups.failure() != null) {
            return cgroups.failure();
        }
        return asked.cgroupManager() == null
                ? "no cgroup2 is delegated to this user"
                : "the cgroup manager is " + asked.cgroupManager();
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
