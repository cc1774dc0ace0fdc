// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Engine.Machine;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.rootless.Instance;
import dev.kelp.runtime.Programs;
import dev.kelp.snapshot.NativeSnapshotter;
import dev.kelp.snapshot.Snapshotters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Looks at the machine for `info`, in files that every Linux has.
final class MachineReport {
    private static final int FILE_BYTES_MAX = 64 << 10;
    private static final Pattern PRETTY_NAME = Pattern.compile("(?m)^PRETTY_NAME=[\"']?(.*?)[\"']?$");
    private static final Pattern MEM_TOTAL = Pattern.compile("(?m)^MemTotal:\\s+(\\d{1,15}) kB$");

    private MachineReport() {}

    static Machine of(Instance instance, CgroupAccess cgroups, String cgroupDriver, Snapshotters.Choice snapshotter) {
        return new Machine(
                id(instance),
                read("/proc/sys/kernel/hostname").strip(),
                Stream.of(snapshotter.name(), NativeSnapshotter.NAME).distinct().toList(),
                List.of("json-file", "local", "journald", "syslog", "fluentd", "none"),
                cgroupDriver,
                cgroups.controllers(),
                read("/proc/sys/kernel/osrelease").strip(),
                operatingSystem(Stream.of("/etc/os-release", "/usr/lib/os-release")
                        .map(MachineReport::read)
                        .filter(t -> !t.isEmpty())
                        .findFirst()
                        .orElse("")),
                architecture(System.getProperty("os.arch", "")),
                Runtime.getRuntime().availableProcessors(),
                memoryBytes(read("/proc/meminfo")),
                read("/proc/sys/net/ipv4/ip_forward").strip().equals("1"),
                Stream.of("crun", "runc").filter(MachineReport::isRuntime).toList());
    }

    private static boolean isRuntime(String name) {
        try {
            return Files.isExecutable(Programs.ociRuntime(Optional.of(name)));
        } catch (KelpException e) {
            return false;
        }
    }

    /// Of this data root on this machine.
    private static String id(Instance instance) {
        String where = read("/etc/machine-id").strip() + instance.dataRoot();
        return UUID.nameUUIDFromBytes(where.getBytes(StandardCharsets.UTF_8)).toString();
    }

    /// @param release os-release(5)
    static String operatingSystem(String release) {
        Matcher m = PRETTY_NAME.matcher(release);
        return m.find() ? m.group(1) : "Linux";
    }

    /// @param meminfo proc_meminfo(5)
    static long memoryBytes(String meminfo) {
        Matcher m = MEM_TOTAL.matcher(meminfo);
        return m.find() ? Long.parseLong(m.group(1)) << 10 : 0;
    }

    /// The kernel's word for Java's.
    static String architecture(String java) {
        return java.equals("amd64") ? "x86_64" : java;
    }

    private static String read(String path) {
        try (var in = Files.newInputStream(Path.of(path))) {
            return new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }
}
