// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.Status;
import dev.kelp.engine.Engine.EngineInfo;
import dev.kelp.engine.Engine.Machine;
import dev.kelp.model.Platform;
import dev.kelp.model.container.AppArmorProfile;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// `info` with Docker's fields, and nerdctl's besides.
record DockerInfo(EngineInfo info, List<ContainerSummary> containers, int images, Instant time) {
    /// The AppArmor profile that confines containers; nothing where none does.
    Optional<String> appArmor() {
        return Optional.ofNullable(info.settings().get("AppArmor"))
                .filter(profile -> !profile.equals(AppArmorProfile.UNCONFINED));
    }

    /// Docker's words for what keeps containers in.
    List<String> security() {
        List<String> usual = List.of("name=seccomp,profile=builtin", "name=cgroupns", "name=rootless");
        return Stream.concat(appArmor().map(profile -> "name=apparmor,profile=" + profile).stream(), usual.stream())
                .toList();
    }

    long count(Status status) {
        return containers.stream().filter(c -> c.state().status() == status).count();
    }

    long stopped() {
        return containers.size() - count(Status.RUNNING) - count(Status.PAUSED);
    }

    Map<String, @Nullable Object> describe() {
        Machine m = info.machine();
        Struct s = new Struct()
                .with("ID", m.id())
                .with("Containers", containers.size())
                .with("ContainersRunning", count(Status.RUNNING))
                .with("ContainersPaused", count(Status.PAUSED))
                .with("ContainersStopped", stopped())
                .with("Images", images)
                .with("Driver", m.storageDrivers().getFirst())
                .with("DriverStatus", List.of())
                .with(
                        "Plugins",
                        new Struct()
                                .with("Volume", List.of("local"))
                                .with("Network", List.of("bridge", "host", "none"))
                                .with("Log", m.logDrivers())
                                .with("Storage", m.storageDrivers())
                                .map());
        limits(s, m);
        return s.with("IPv4Forwarding", m.forwardsIpv4())
                .with("BridgeNfIptables", false)
                .with("BridgeNfIp6tables", false)
                .with("OomKillDisable", false)
                .with("Debug", false)
                .with("SystemTime", time.toString())
                .with("LoggingDriver", m.logDrivers().getFirst())
                .with("CgroupDriver", m.cgroupDriver())
                .with("CgroupVersion", "2")
                .with("KernelVersion", m.kernelVersion())
                .with("OperatingSystem", m.operatingSystem())
                .with("OSType", Platform.host().os())
                .with("Architecture", m.architecture())
                .with("NCPU", m.cpus())
                .with("MemTotal", m.memoryBytes())
                .with("DockerRootDir", info.settings().get("Data Root"))
                .with("Name", m.hostname())
                .with("Labels", List.of())
                .with("ExperimentalBuild", false)
                .with("ServerVersion", info.version())
                .with(
                        "Runtimes",
                        m.runtimes().stream()
                                .collect(Collectors.toMap(
                                        r -> r,
                                        r -> new Struct().with("path", r).map(),
                                        (a, b) -> a,
                                        TreeMap::new)))
                .with(
                        "DefaultRuntime",
                        m.runtimes().isEmpty() ? "" : m.runtimes().getFirst())
                .with("Swarm", new Struct().with("LocalNodeState", "inactive").map())
                .with("LiveRestoreEnabled", true)
                .with("SecurityOptions", security())
                .with("Warnings", info.warnings())
                .map();
    }

    private static void limits(Struct s, Machine m) {
        boolean memory = m.controllers().contains("memory");
        boolean cpu = m.controllers().contains("cpu");
        s.with("MemoryLimit", memory)
                .with("SwapLimit", memory)
                .with("CpuCfsPeriod", cpu)
                .with("CpuCfsQuota", cpu)
                .with("CPUShares", cpu)
                .with("CPUSet", m.controllers().contains("cpuset"))
                .with("CPURealtime", false)
                .with("PidsLimit", m.controllers().contains("pids"));
    }
}
