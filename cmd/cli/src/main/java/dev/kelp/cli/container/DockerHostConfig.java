// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.model.container.BlockLimits;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.container.Resources;
import dev.kelp.model.container.UserNamespace;
import dev.kelp.model.network.Networking;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// `HostConfig` of a container: what was asked for, in the words of Docker's API. Its empty lists are null where
/// Docker's are.
final class DockerHostConfig {
    private DockerHostConfig() {}

    static Map<String, @Nullable Object> describe(ContainerDetail d) {
        ContainerSpec spec = d.spec();
        Struct s = new Struct()
                .with("Binds", binds(spec.mounts()))
                .with("ContainerIDFile", "")
                .with("LogConfig", logging(spec))
                .with("NetworkMode", DockerNetworkSettings.mode(spec))
                .with("PortBindings", DockerNetworkSettings.bindings(asked(spec)))
                .with("RestartPolicy", restartPolicy(spec.lifecycle().restart()))
                .with("AutoRemove", spec.lifecycle().autoRemove())
                .with("VolumeDriver", "")
                .with("VolumesFrom", orNull(spec.volumesFrom()))
                .with("ConsoleSize", List.of(0, 0));
        if (!spec.annotations().isEmpty()) {
            s.with("Annotations", new TreeMap<>(spec.annotations()));
        }
        isolation(s, spec);
        resources(s, d);
        return s.with("Init", spec.lifecycle().init()).map();
    }

    private static List<dev.kelp.model.network.PortMapping> asked(ContainerSpec spec) {
        Networking networking = spec.isolation().networking();
        return networking == null ? List.of() : networking.ports();
    }

    /// Docker's two members, and the two that nerdctl has instead.
    private static Map<String, @Nullable Object> logging(ContainerSpec spec) {
        Map<String, String> options = new TreeMap<>(spec.logging().options());
        return new Struct()
                .with("Type", spec.logging().driver())
                .with("Config", options)
                .with("driver", spec.logging().driver())
                .with("opts", options)
                .map();
    }

    private static void isolation(Struct s, ContainerSpec spec) {
        Isolation i = spec.isolation();
        Integer oomScore = spec.resources().oomScoreAdj();
        s.with("CapAdd", orNull(spec.security().capabilitiesAdd()))
                .with("CapDrop", orNull(spec.security().capabilitiesDrop()))
                .with("CgroupnsMode", i.cgroupns() == null ? "private" : i.cgroupns())
                .with("Dns", i.dns())
                .with("DnsOptions", i.dnsOptions())
                .with("DnsSearch", i.dnsSearch())
                .with("ExtraHosts", orNull(i.extraHosts()))
                .with("GroupAdd", orNull(spec.process().groups()))
                .with("IpcMode", i.ipc() == null ? "private" : i.ipc())
                .with("Cgroup", "")
                .with("Links", null)
                .with("OomScoreAdj", oomScore == null ? 0 : oomScore)
                .with("PidMode", i.pid() == null || i.pid().equals("private") ? "" : i.pid())
                .with("Privileged", spec.security().privileged())
                .with(
                        "PublishAllPorts",
                        i.networking() != null && i.networking().publishAll())
                .with("ReadonlyRootfs", spec.security().readOnlyRootfs())
                .with("SecurityOpt", securityOptions(spec));
        Map<String, String> tmpfs = tmpfs(spec.mounts());
        if (!tmpfs.isEmpty()) {
            s.with("Tmpfs", tmpfs);
        }
        s.with("UTSMode", i.uts() == null || i.uts().equals("private") ? "" : i.uts())
                .with("UsernsMode", userNamespace(i.user()));
    }

    private static void resources(Struct s, ContainerDetail d) {
        ContainerSpec spec = d.spec();
        Resources r = spec.resources();
        s.with("ShmSize", r.shmSizeBytes() == 0 ? 64L << 20 : r.shmSizeBytes())
                .with("Sysctls", new TreeMap<>(spec.isolation().sysctls()))
                .with("Runtime", d.runtime())
                .with("Isolation", "")
                .with("CpuShares", r.cpuShares())
                .with("Memory", r.memoryBytes())
                .with("NanoCpus", 0)
                .with("CgroupParent", orEmpty(r.cgroupParent()))
                .with("BlkioWeight", r.blkioWeight());
        block(s, r.blockDevices());
        s.with("CpuPeriod", r.cpuPeriodMicros())
                .with("CpuQuota", r.cpuQuotaMicros())
                .with("CpuRealtimePeriod", r.cpuRealtimePeriodMicros())
                .with("CpuRealtimeRuntime", r.cpuRealtimeRuntimeMicros())
                .with("CpusetCpus", orEmpty(r.cpusetCpus()))
                .with("CpusetMems", orEmpty(r.cpusetMems()))
                .with("Devices", devices(spec))
                .with("DeviceCgroupRules", r.deviceRules())
                .with("DeviceRequests", null)
                .with("MemoryReservation", r.memoryReservationBytes())
                .with("MemorySwap", r.memorySwapBytes())
                .with("MemorySwappiness", r.memorySwappiness())
                .with("OomKillDisable", r.oomKillDisable())
                .with("PidsLimit", r.pidsLimit() == 0 ? null : r.pidsLimit())
                .with("Ulimits", ulimits(r));
    }

    private static void block(Struct s, @Nullable BlockLimits limits) {
        BlockLimits l = limits == null ? new BlockLimits(Map.of(), Map.of(), Map.of(), Map.of(), Map.of()) : limits;
        s.with("BlkioWeightDevice", perDevice("Weight", l.weights()))
                .with("BlkioDeviceReadBps", perDevice("Rate", l.readBps()))
                .with("BlkioDeviceWriteBps", perDevice("Rate", l.writeBps()))
                .with("BlkioDeviceReadIOps", perDevice("Rate", l.readIops()))
                .with("BlkioDeviceWriteIOps", perDevice("Rate", l.writeIops()));
    }

    private static List<Object> perDevice(String what, Map<String, Long> limits) {
        List<Object> list = new ArrayList<>();
        new TreeMap<>(limits)
                .forEach((path, value) -> list.add(
                        new Struct().with("Path", path).with(what, value).map()));
        return list;
    }

    private static List<Object> ulimits(Resources r) {
        List<Object> ulimits = new ArrayList<>();
        if (r.ulimits() != null) {
            new TreeMap<>(r.ulimits()).forEach((name, value) -> {
                String[] limits = value.split(":", 2);
                ulimits.add(new Struct()
                        .with("Name", name)
                        .with("Hard", Long.parseLong(limits[1]))
                        .with("Soft", Long.parseLong(limits[0]))
                        .map());
            });
        }
        return ulimits;
    }

    private static List<Map<String, @Nullable Object>> devices(ContainerSpec spec) {
        return spec.security().devices().stream()
                .map(device -> new Struct()
                        .with("PathOnHost", device.hostPath())
                        .with("PathInContainer", device.containerPath())
                        .with("CgroupPermissions", device.permissions())
                        .map())
                .toList();
    }

    private static String userNamespace(@Nullable UserNamespace user) {
        return user == null ? "" : user.mode() == null ? "private" : user.mode();
    }

    private static Map<String, @Nullable Object> restartPolicy(@Nullable String policy) {
        String[] p = (policy == null ? "no" : policy).split(":", 2);
        return new Struct()
                .with("Name", p[0])
                .with("MaximumRetryCount", p.length > 1 ? Integer.parseInt(p[1]) : 0)
                .map();
    }

    private static @Nullable List<String> binds(List<MountSpec> mounts) {
        return orNull(mounts.stream()
                .filter(m -> m.type().equals("bind") || m.type().equals("volume"))
                .filter(m -> m.volume() == null || !m.volume().anonymous())
                .map(m -> m.source() + ":" + m.target()
                        + (m.options().isEmpty() ? "" : ":" + String.join(",", m.options())))
                .toList());
    }

    private static Map<String, String> tmpfs(List<MountSpec> mounts) {
        Map<String, String> map = new TreeMap<>();
        mounts.stream()
                .filter(m -> m.type().equals("tmpfs"))
                .forEach(m -> map.put(m.target(), String.join(",", m.options())));
        return map;
    }

    private static @Nullable List<String> securityOptions(ContainerSpec spec) {
        List<String> list = new ArrayList<>();
        if (spec.security().noNewPrivileges() != null) {
            list.add("no-new-privileges=" + spec.security().noNewPrivileges());
        }
        if (spec.security().seccomp() != null) {
            list.add("seccomp=" + spec.security().seccomp());
        }
        if (spec.security().apparmor() != null) {
            list.add("apparmor=" + spec.security().apparmor());
        }
        if (spec.security().systemPathsUnconfined()) {
            list.add("systempaths=unconfined");
        }
        return orNull(list);
    }

    private static String orEmpty(@Nullable String s) {
        return s == null ? "" : s;
    }

    private static @Nullable List<String> orNull(List<String> list) {
        return list.isEmpty() ? null : list;
    }
}
