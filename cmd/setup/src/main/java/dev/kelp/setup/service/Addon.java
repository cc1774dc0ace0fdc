// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.service;

import dev.kelp.setup.check.Machine;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A program that runs beside the engine as a service of the user's.
public enum Addon {
    BUILDKIT("buildkit", "BuildKit"),
    BUILDKIT_CONTAINERD("buildkit-containerd", "BuildKit with the images of $CONTAINERD_NAMESPACE"),
    FUSE_OVERLAYFS("fuse-overlayfs", "the fuse-overlayfs snapshotter"),
    STARGZ("stargz", "the stargz snapshotter"),
    BYPASS4NETNSD("bypass4netnsd", "bypass4netnsd, the accelerator of networks,"),
    IPFS("ipfs", "the daemon of IPFS");

    /// What an add-on consists of.
    ///
    /// @param origin where it is to be had
    public record Program(String name, String origin) {}

    /// For whom and beside what an add-on runs.
    ///
    /// @param words that the user gave the add-on's own program
    public record Setting(EngineUnits engine, List<String> words) {
        public Setting {
            words = List.copyOf(words);
        }

        Machine machine() {
            return engine.machine();
        }

        UserFolders folders() {
            return engine.folders();
        }

        String variable(String name) {
            return machine().variable(name).orElse("");
        }
    }

    private final String command;
    private final String title;

    Addon(String command, String title) {
        this.command = command;
        this.title = title;
    }

    private List<Program> programs() {
        return switch (this) {
            case BUILDKIT, BUILDKIT_CONTAINERD -> List.of(new Program("buildkitd", "https://github.com/moby/buildkit"));
            case FUSE_OVERLAYFS ->
                List.of(
                        new Program(
                                "containerd-fuse-overlayfs-grpc",
                                "https://github.com/containerd/fuse-overlayfs-snapshotter"),
                        new Program("fuse-overlayfs", "Debian's package fuse-overlayfs"));
            case STARGZ -> List.of(new Program("containerd-stargz-grpc", "Debian's package stargz-snapshotter"));
            case BYPASS4NETNSD -> List.of();
            case IPFS -> List.of(new Program("ipfs", "https://github.com/ipfs/kubo"));
        };
    }

    /// What follows `install-`.
    public String command() {
        return command;
    }

    public String title() {
        return title;
    }

    /// Those it cannot do without and that the user's search path does not lead to.
    public List<Program> missing(Machine machine) {
        return programs().stream()
                .filter(p -> machine.program(p.name()).isEmpty())
                .toList();
    }

    public String unitName(Setting setting) {
        String namespace = setting.variable("CONTAINERD_NAMESPACE");
        return switch (this) {
            case BUILDKIT -> "buildkit.service";
            case BUILDKIT_CONTAINERD -> (namespace.isEmpty() ? "" : namespace + "-") + "buildkit.service";
            case FUSE_OVERLAYFS -> "containerd-fuse-overlayfs.service";
            case STARGZ -> "stargz-snapshotter.service";
            case BYPASS4NETNSD -> "bypass4netnsd.service";
            case IPFS -> "ipfs-daemon.service";
        };
    }

    public Unit unit(Setting setting) {
        EngineUnits engine = setting.engine();
        boolean inside = this != BYPASS4NETNSD;
        StringBuilder exec = new StringBuilder();
        if (inside) {
            exec.append(Unit.argument(engine.program().kelp().toString())).append(" setup nsenter --");
        }
        arguments(setting).forEach(a -> exec.append(exec.isEmpty() ? "" : " ").append(Unit.argument(a)));
        return Unit.of(unitName(setting), """
                [Unit]
                Description=%s (Rootless)
                %s
                [Service]
                %s%sExecStart=%s
                ExecReload=/bin/kill -s HUP $MAINPID
                Restart=always
                RestartSec=2
                Type=simple
                KillMode=mixed

                [Install]
                WantedBy=default.target
                """.formatted(
                        title,
                        inside ? "PartOf=" + engine.serviceName() + "\nAfter=" + engine.serviceName() + "\n" : "",
                        EngineUnits.path(setting.machine(), engine.program()),
                        this == STARGZ || this == IPFS ? Unit.environment("IPFS_PATH", Addon.IPFS.data(setting)) : "",
                        exec));
    }

    /// The same for a shell.
    public String commandLine(Setting setting) {
        String inside = this == BYPASS4NETNSD ? "" : setting.engine().program().kelp() + " setup nsenter -- ";
        return inside + String.join(" ", arguments(setting));
    }

    private List<String> arguments(Setting setting) {
        String runtime = setting.folders().runtime();
        String data = data(setting);
        return switch (this) {
            case BUILDKIT ->
                List.of("buildkitd", "--oci-worker=true", "--oci-worker-rootless=true", "--containerd-worker=false");
            case BUILDKIT_CONTAINERD -> buildkitOnContainerd(setting);
            case FUSE_OVERLAYFS ->
                List.of("containerd-fuse-overlayfs-grpc", runtime + "/containerd-fuse-overlayfs.sock", data);
            case STARGZ ->
                List.of(
                        "containerd-stargz-grpc",
                        "-address",
                        runtime + "/containerd-stargz-grpc/containerd-stargz-grpc.sock",
                        "-root",
                        data,
                        "-config",
                        config(setting).orElseThrow());
            case BYPASS4NETNSD -> {
                Optional<String> own = setting.machine().program("bypass4netnsd");
                yield own.isPresent()
                        ? List.of(own.get())
                        : List.of(setting.engine().program().kelp().toString(), "bypass4netnsd");
            }
            case IPFS -> {
                List<String> all = new ArrayList<>(List.of("ipfs", "daemon"));
                all.addAll(setting.words());
                yield all;
            }
        };
    }

    private static List<String> buildkitOnContainerd(Setting setting) {
        List<String> all = new ArrayList<>(List.of(
                "buildkitd", "--oci-worker=false", "--containerd-worker=true", "--containerd-worker-rootless=true"));
        String namespace = setting.variable("CONTAINERD_NAMESPACE");
        if (!namespace.isEmpty()) {
            all.add("--addr=unix://" + setting.folders().runtime() + "/buildkit-" + namespace + "/buildkitd.sock");
            all.add("--root=" + BUILDKIT_CONTAINERD.data(setting));
            all.add("--containerd-worker-namespace=" + namespace);
        }
        String snapshotter = setting.variable("CONTAINERD_SNAPSHOTTER");
        if (!snapshotter.isEmpty()) {
            all.add("--containerd-worker-snapshotter=" + snapshotter);
        }
        return all;
    }

    /// The folder its data is in.
    public String data(Setting setting) {
        String namespace = setting.variable("CONTAINERD_NAMESPACE");
        String folder = switch (this) {
            case BUILDKIT -> "buildkit";
            case BUILDKIT_CONTAINERD -> namespace.isEmpty() ? "buildkit" : "buildkit-" + namespace;
            case FUSE_OVERLAYFS -> "containerd-fuse-overlayfs";
            case STARGZ -> "containerd-stargz-grpc";
            case BYPASS4NETNSD -> "bypass4netnsd";
            case IPFS -> "ipfs";
        };
        return setting.folders().data() + "/" + folder;
    }

    /// Whether anything stays there when the unit goes.
    public boolean keepsData() {
        return this != BYPASS4NETNSD;
    }

    /// Its own configuration, which must be there, or which an uninstalled one leaves.
    public Optional<String> config(Setting setting) {
        return switch (this) {
            case STARGZ -> Optional.of(setting.folders().config() + "/containerd-stargz-grpc/config.toml");
            case BUILDKIT, BUILDKIT_CONTAINERD -> Optional.of(setting.folders().config() + "/buildkit/buildkitd.toml");
            default -> Optional.empty();
        };
    }

    /// What containerd is to be told of it.
    public Optional<ProxyPlugin> plugin(Setting setting) {
        String runtime = setting.folders().runtime();
        return switch (this) {
            case FUSE_OVERLAYFS ->
                Optional.of(new ProxyPlugin("fuse-overlayfs", runtime + "/containerd-fuse-overlayfs.sock"));
            case STARGZ ->
                Optional.of(new ProxyPlugin("stargz", runtime + "/containerd-stargz-grpc/containerd-stargz-grpc.sock"));
            default -> Optional.empty();
        };
    }
}
