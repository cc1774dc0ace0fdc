// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.format.DockerHealthcheck;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.engine.Containers.Health;
import dev.kelp.engine.Containers.State;
import dev.kelp.engine.Containers.Status;
import dev.kelp.engine.Volumes.Volume;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.network.NetworkDefinition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A container as `docker inspect` describes it: the field names and types of Docker's API.
final class DockerContainer {
    private static final String NEVER = "0001-01-01T00:00:00Z";

    private DockerContainer() {}

    /// What a container refers to, when it is (still) there.
    record Neighbours(
            Function<String, Optional<NetworkDefinition>> networks, Function<String, Optional<Volume>> volumes) {}

    static Struct describe(ContainerDetail d, Neighbours neighbours) {
        ContainerSpec spec = d.spec();
        List<String> arguments = d.process().arguments();
        return new Struct()
                .with("Id", d.summary().id())
                .with("Created", d.summary().created().toString())
                .with("Path", arguments.isEmpty() ? "" : arguments.getFirst())
                .with("Args", arguments.isEmpty() ? List.of() : arguments.subList(1, arguments.size()))
                .with("State", state(d.summary().state()))
                .with("Image", d.imageDigest().map(Object::toString).orElse(""))
                .with("ResolvConfPath", d.folder() + "/resolv.conf")
                .with("HostnamePath", d.folder() + "/hostname")
                .with("HostsPath", d.folder() + "/hosts")
                .with("LogPath", d.logPath())
                .with("Name", "/" + d.summary().name())
                .with("RestartCount", d.summary().state().restarts())
                .with("Driver", d.snapshotter())
                .with("Platform", d.summary().platform().replaceFirst("/.*", ""))
                .with("MountLabel", "")
                .with("ProcessLabel", "")
                .with("AppArmorProfile", d.confinement())
                .with("ExecIDs", null)
                .with("HostConfig", DockerHostConfig.describe(d))
                .with(
                        "GraphDriver",
                        new Struct()
                                .with("Data", null)
                                .with("Name", d.snapshotter())
                                .map())
                .with("Mounts", DockerMounts.describe(spec.mounts(), neighbours.volumes()))
                .with("Config", config(d))
                .with("NetworkSettings", DockerNetworkSettings.describe(d, neighbours.networks()));
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
                .with("AttachStderr", true);
        List<String> exposed = DockerNetworkSettings.exposed(d);
        if (!exposed.isEmpty()) {
            config.with("ExposedPorts", emptyObjects(exposed));
        }
        config.with("Tty", spec.process().terminal())
                .with("OpenStdin", spec.process().openStdin())
                .with("StdinOnce", spec.process().stdinOnce())
                .with("Env", d.process().env())
                .with("Cmd", command(d))
                .with("Image", d.summary().image())
                .with("Volumes", volumes(d))
                .with("WorkingDir", d.process().workdir())
                .with("Entrypoint", entrypoint(d))
                .with("OnBuild", d.image().onBuild())
                .with("Labels", new TreeMap<>(d.summary().labels()))
                .with("StopSignal", d.process().stopSignal());
        if (spec.lifecycle().stopTimeoutSeconds() != null) {
            config.with("StopTimeout", spec.lifecycle().stopTimeoutSeconds());
        }
        d.healthCheck().ifPresent(h -> config.with("Healthcheck", DockerHealthcheck.describe(h)));
        return config.map();
    }

    private static @Nullable List<String> entrypoint(ContainerDetail d) {
        List<String> given = d.spec().process().entrypoint();
        return given == null ? d.image().entrypoint() : given.isEmpty() ? null : given;
    }

    /// Without words of the user's the image's, unless its entrypoint was replaced.
    private static @Nullable List<String> command(ContainerDetail d) {
        List<String> given = d.spec().process().command();
        if (given != null) {
            return given;
        }
        return d.spec().process().entrypoint() == null ? d.image().cmd() : null;
    }

    private static @Nullable Object volumes(ContainerDetail d) {
        List<String> targets = new ArrayList<>();
        if (d.image().volumes() != null) {
            targets.addAll(d.image().volumes().keySet());
        }
        d.spec().mounts().stream()
                .filter(m -> m.volume() != null && m.volume().anonymous())
                .forEach(m -> targets.add(m.target()));
        return targets.isEmpty() ? null : emptyObjects(targets);
    }

    /// A set, as Docker's API writes it.
    private static Map<String, Object> emptyObjects(List<String> names) {
        Map<String, Object> set = new TreeMap<>();
        names.forEach(n -> set.put(n, Map.of()));
        return set;
    }

    private static String time(Optional<Instant> t) {
        return t.map(Instant::toString).orElse(NEVER);
    }

    private static String orEmpty(@Nullable String s) {
        return s == null ? "" : s;
    }
}
