// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Engine.EngineInfo;
import dev.kelp.linux.AppArmor;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.container.AppArmorProfile;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.rootless.Instance;
import dev.kelp.runtime.Programs;
import dev.kelp.runtime.Tasks;
import dev.kelp.snapshot.Snapshotters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What `info` and `version` tell of this engine and machine.
final class EngineReport {
    static final String VERSION = "0.1.0";

    /// By controller, in the words of other engines.
    private static final Map<String, String> UNSUPPORTED = new TreeMap<>(Map.of(
            "cpu", "No cpu cfs quota support",
            "cpuset", "No cpuset support",
            "io", "No blkio weight support",
            "memory", "No memory limit support",
            "pids", "No pids limit support"));

    private EngineReport() {}

    static EngineInfo of(Instance instance, Tasks tasks, CgroupAccess cgroups, Snapshotters.Choice snapshotter) {
        Map<String, String> components = new LinkedHashMap<>();
        List<String> warnings = new ArrayList<>();
        try {
            var program = Programs.ociRuntime(Optional.empty());
            components.put(
                    program.getFileName().toString(),
                    firstLine(tasks.runtime(program).version()));
        } catch (KelpException e) {
            warnings.add(e.getMessage() + e.hint().map(h -> " (" + h + ")").orElse(""));
        }
        try {
            components.put("conmon", Programs.conmon().toString());
        } catch (KelpException e) {
            warnings.add(e.getMessage() + e.hint().map(h -> " (" + h + ")").orElse(""));
        }
        components.put("java", System.getProperty("java.version", ""));
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("Storage Driver", snapshotter.name());
        settings.put("Data Root", instance.dataRoot().toString());
        settings.put("Run Root", instance.runRoot().toString());
        settings.put("Cgroup Driver", cgroups.driver().word());
        settings.put("Kernel Version", System.getProperty("os.version", ""));
        settings.put("Platform", Platform.host().toString());
        settings.put("CPUs", Integer.toString(Runtime.getRuntime().availableProcessors()));
        settings.put("Rootless", "true");
        settings.put(
                "Ids",
                instance.singleId()
                        ? "single"
                        : Long.toString(instance.uids().stream()
                                .mapToLong(m -> m.count())
                                .sum()));
        if (AppArmor.isEnabled()) {
            boolean loaded = AppArmor.hasProfile(AppArmorProfile.DEFAULT);
            settings.put("AppArmor", loaded ? AppArmorProfile.DEFAULT : AppArmorProfile.UNCONFINED);
            if (!loaded) {
                warnings.add("containers are unconfined by AppArmor: its profile " + AppArmorProfile.DEFAULT
                        + " is not loaded (as root: kelp apparmor load)");
            }
        }
        snapshotter.notice().ifPresent(warnings::add);
        if (instance.singleId()) {
            warnings.add("no subordinate ids: files of images all belong to you, and only user 0 can be used");
        }
        if (cgroups.driver() == CgroupAccess.Driver.DISABLED) {
            warnings.add("no cgroup v2 controllers are delegated to you: resource limits cannot be set");
        } else {
            UNSUPPORTED.forEach((controller, warning) -> {
                if (!cgroups.controllers().contains(controller)) {
                    warnings.add(warning + ": " + cgroups.lacking(controller));
                }
            });
        }
        return new EngineInfo(
                VERSION,
                components,
                settings,
                warnings,
                MachineReport.of(instance, cgroups, cgroups.driver().word(), snapshotter));
    }

    private static String firstLine(String text) {
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }
}
