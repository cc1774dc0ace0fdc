// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.engine.Containers.Health;
import dev.kelp.engine.Containers.State;
import dev.kelp.engine.Containers.Status;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.container.Resources;
import dev.kelp.model.oci.ImageConfig.Healthcheck;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A container as `docker inspect` describes it: the field names and types of Docker's API.
final class DockerContainer {
    private static final String NEVER = "0001-01-01T00:00:00Z";

    private DockerContainer() {}

    static Map<String, @Nullable Object> describe(ContainerDetail d) {
        ContainerSpec spec = d.spec();
        List<String> arguments = d.process().arguments();
        return new Struct()
                .with("Id", d.summary().id())
                .with("Created", d.summary().created().toString())
                .with("Path", arguments.isEmpty() ? "" : arguments.getFirst())
                .with("Args", arguments.isEmpty() ? List.of() : arguments.subList(1, arguments.size()))
                .with("State", state(d.summary().state()))
                .with("Image", d.imageDigest().map(Object::toString).orElse(""))
                .with("ResolvConfPath", "")
                .with("HostnamePath", "")
                .with("HostsPath", "")
                .with("LogPath", d.logPath())
                .with("Name", "/" + d.summary().name())
                .with("RestartCount", d.summary().state().restarts())
                .with("Driver", d.snapshotter())
                .with("Platform", d.summary().platform().replaceFirst("/.*", ""))
                .with("MountLabel", "")
                .with("ProcessLabel", "")
                .with("AppArmorProfile", orEmpty(spec.security().apparmor()))
                .with("ExecIDs", null)
                .with("HostConfig", hostConfig(d))
                .with("Mounts", mounts(spec.mounts()))
                .with("Config", config(d))
                .with("NetworkSettings", networkSettings())
                .map();
    }

    private static Map<String, @Nullable Object> state(State s) {
        boolean running =
                s.status() == Status.RUNNING || s.status() == Status.PAUSED || s.status() == Status.RESTARTING;
        Struct state = new Struct()
                .with("Status", s.status().word())
                .with("Running", running)
                .with("Paused", s.status() == Status.PAUSED)
                .with("Restarting", s.status() == Status.RESTARTING)
                .with("OOMKilled", s.oomKilled())
                .with("Dead", s.status() == Status.DEAD)
                .with("Pid", s.pid())
                .with("ExitCode", s.exitCode())
                .with("Error", orEmpty(s.error()))
                .with("StartedAt", time(s.started()))
                .with("FinishedAt", time(s.finished()));
        s.health().ifPresent(h -> state.with("Health", health(h)));
        return state.map();
    }

    private static Map<String, @Nullable Object> health(Health h) {
        return new Struct()
                .with("Status", h.status().word())
                .with("FailingStreak", h.failingStreak())
                .with(
                        "Log",
                        h.log().stream()
                                .map(p -> new Struct()
                                        .with("Start", p.start().toString())
                                        .with("End", p.end().toString())
                                        .with("ExitCode", p.exitCode())
                                        .with("Output", p.output())
                                        .map())
                                .toList())
                .map();
    }

    private static Map<String, @Nullable Object> healthcheck(Healthcheck h) {
        Struct s = new Struct().with("Test", h.test() == null ? List.of() : h.test());
        withUnlessZero(s, "Interval", h.interval());
        withUnlessZero(s, "Timeout", h.timeout());
        withUnlessZero(s, "StartPeriod", h.startPeriod());
        withUnlessZero(s, "StartInterval", h.startInterval());
        withUnlessZero(s, "Retries", h.retries() == null ? null : h.retries().longValue());
        return s.map();
    }

    private static void withUnlessZero(Struct s, String name, @Nullable Long value) {
        if (value != null && value != 0) {
            s.with(name, value);
        }
    }

    private static Map<String, @Nullable Object> hostConfig(ContainerDetail d) {
        ContainerSpec spec = d.spec();
        Isolation i = spec.isolation();
        Struct s = new Struct()
                .with("Binds", binds(spec.mounts()))
                .with("ContainerIDFile", "")
                .with(
                        "LogConfig",
                        new Struct()
                                .with("Type", spec.logging().driver())
                                .with("Config", new TreeMap<>(spec.logging().options()))
                                .map())
                .with("NetworkMode", i.network() == null ? "host" : i.network())
                .with("PortBindings", new TreeMap<String, Object>())
                .with("RestartPolicy", restartPolicy(spec.lifecycle().restart()))
                .with("AutoRemove", spec.lifecycle().autoRemove())
                .with("VolumesFrom", null)
                .with("CapAdd", orNull(spec.security().capabilitiesAdd()))
                .with("CapDrop", orNull(spec.security().capabilitiesDrop()))
                .with("CgroupnsMode", i.cgroupns() == null ? "private" : i.cgroupns())
                .with("Dns", i.dns())
                .with("DnsOptions", i.dnsOptions())
                .with("DnsSearch", i.dnsSearch())
                .with("ExtraHosts", orNull(i.extraHosts()))
                .with("GroupAdd", orNull(spec.process().groups()))
                .with("IpcMode", i.ipc() == null ? "private" : i.ipc())
                .with(
                        "OomScoreAdj",
                        spec.resources().oomScoreAdj() == null
                                ? 0
                                : spec.resources().oomScoreAdj())
                .with("PidMode", i.pid() == null || i.pid().equals("private") ? "" : i.pid())
                .with("Privileged", spec.security().privileged())
                .with("PublishAllPorts", false)
                .with("ReadonlyRootfs", spec.security().readOnlyRootfs())
                .with("SecurityOpt", securityOptions(spec))
                .with("Tmpfs", tmpfs(spec.mounts()))
                .with("UTSMode", i.uts() == null || i.uts().equals("private") ? "" : i.uts())
                .with("UsernsMode", "")
                .with("Sysctls", new TreeMap<>(i.sysctls()))
                .with("Runtime", d.runtime())
                .with("Init", spec.lifecycle().init());
        resources(s, spec.resources());
        return s.map();
    }

    private static void resources(Struct s, Resources r) {
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
        s.with("ShmSize", r.shmSizeBytes() == 0 ? 64L << 20 : r.shmSizeBytes())
                .with("CpuShares", r.cpuShares())
                .with("Memory", r.memoryBytes())
                .with("MemoryReservation", r.memoryReservationBytes())
                .with("MemorySwap", r.memorySwapBytes())
                .with("NanoCpus", 0)
                .with("BlkioWeight", r.blkioWeight())
                .with("CpuPeriod", r.cpuPeriodMicros())
                .with("CpuQuota", r.cpuQuotaMicros())
                .with("CpusetCpus", orEmpty(r.cpusetCpus()))
                .with("CpusetMems", orEmpty(r.cpusetMems()))
                .with("PidsLimit", r.pidsLimit() == 0 ? null : r.pidsLimit())
                .with("Ulimits", ulimits);
    }

    private static Map<String, @Nullable Object> config(ContainerDetail d) {
        ContainerSpec spec = d.spec();
        String shortId =
                d.summary().id().substring(0, Math.min(12, d.summary().id().length()));
        Struct config = new Struct()
                .with(
                        "Hostname",
                        spec.isolation().hostname() == null
                                ? shortId
                                : spec.isolation().hostname())
                .with("Domainname", orEmpty(spec.isolation().domainname()))
                .with("User", d.process().user())
                .with("AttachStdin", spec.process().stdinOnce())
                .with("AttachStdout", true)
                .with("AttachStderr", true)
                .with("Tty", spec.process().terminal())
                .with("OpenStdin", spec.process().openStdin())
                .with("StdinOnce", spec.process().stdinOnce())
                .with("Env", d.process().env())
                .with(
                        "Cmd",
                        spec.process().command() == null
                                ? d.process().arguments()
                                : spec.process().command())
                .with("Image", d.summary().image())
                .with("Volumes", null)
                .with("WorkingDir", d.process().workdir())
                .with("Entrypoint", spec.process().entrypoint())
                .with("OnBuild", null)
                .with("Labels", new TreeMap<>(d.summary().labels()))
                .with("StopSignal", d.process().stopSignal())
                .with("StopTimeout", spec.lifecycle().stopTimeoutSeconds());
        d.healthCheck().ifPresent(h -> config.with("Healthcheck", healthcheck(h)));
        return config.map();
    }

    private static Map<String, @Nullable Object> networkSettings() {
        return new Struct()
                .with("Ports", new TreeMap<String, Object>())
                .with("Gateway", "")
                .with("IPAddress", "")
                .with("IPPrefixLen", 0)
                .with("MacAddress", "")
                .with("Networks", new TreeMap<String, Object>())
                .map();
    }

    private static Map<String, @Nullable Object> restartPolicy(@Nullable String policy) {
        String[] p = (policy == null ? "no" : policy).split(":", 2);
        return new Struct()
                .with("Name", p[0])
                .with("MaximumRetryCount", p.length > 1 ? Integer.parseInt(p[1]) : 0)
                .map();
    }

    private static List<Object> mounts(List<MountSpec> mounts) {
        List<Object> list = new ArrayList<>();
        for (MountSpec m : mounts) {
            list.add(new Struct()
                    .with("Type", m.type())
                    .with("Source", orEmpty(m.source()))
                    .with("Destination", m.target())
                    .with("Mode", String.join(",", m.options()))
                    .with("RW", !m.options().contains("ro") && !m.options().contains("rro"))
                    .with("Propagation", propagation(m))
                    .map());
        }
        return list;
    }

    private static String propagation(MountSpec m) {
        return m.options().stream()
                .filter(o -> o.matches("r?(shared|slave|private)"))
                .findFirst()
                .orElse(m.type().equals("bind") ? "rprivate" : "");
    }

    private static @Nullable List<String> binds(List<MountSpec> mounts) {
        return orNull(mounts.stream()
                .filter(m -> !m.type().equals("tmpfs"))
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
        return orNull(list);
    }

    private static String time(Optional<Instant> t) {
        return t.map(Instant::toString).orElse(NEVER);
    }

    private static String orEmpty(@Nullable String s) {
        return s == null ? "" : s;
    }

    /// Docker writes some empty lists as null.
    private static @Nullable List<String> orNull(List<String> list) {
        return list.isEmpty() ? null : list;
    }
}
