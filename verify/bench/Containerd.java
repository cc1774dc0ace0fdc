// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// containerd inside rootlesskit, as its rootless scripts arrange it, with the host's network; ctr is its client.
///
/// Each command enters the namespaces by nsenter(1), as `containerd-rootless-setuptool.sh nsenter` does, and uses crun:
/// runc cannot mount sysfs without a network namespace. Its shim makes no cgroups here (`--cgroup ""`).
final class Containerd {
    private final Command prefix;

    private Containerd(Command prefix) {
        this.prefix = prefix;
    }

    static Containerd start(Workspace workspace) {
        Path socket = Path.of("/run/kelp-bench/containerd.sock");
        Path configuration = workspace.write("containerd.toml", """
                version = 2
                root = "%s"
                state = "%s"
                disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs",
                    "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
                    "io.containerd.snapshotter.v1.aufs"]
                [grpc]
                address = "%s"
                """.formatted(workspace.path("containerd"), socket.getParent(), socket));
        Path state = workspace.path("rootlesskit");
        String script = "mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec containerd --config " + configuration;
        workspace.background(
                "containerd",
                workspace.command("rootlesskit", "--state-dir=" + state, "--net=host", "--cgroupns", "--copy-up=/run")
                        .with("sh", "-c", script),
                () -> ready(workspace, state, socket));
        return new Containerd(ctr(workspace, state, socket));
    }

    Command command(String... words) {
        return prefix.with(words);
    }

    String description() {
        return "containerd " + command("version").output().replaceAll("(?s).*Server:\\s*Version:\\s*(\\S+).*", "$1");
    }

    private static boolean ready(Workspace workspace, Path state, Path socket) {
        if (!Files.exists(state.resolve("child_pid"))) {
            return false;
        }
        try {
            ctr(workspace, state, socket).with("version").output();
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    private static Command ctr(Workspace workspace, Path state, Path socket) {
        try {
            String child = Files.readString(state.resolve("child_pid")).strip();
            return workspace.command(
                    "nsenter", "-t", child, "-U", "-m", "-C", "--preserve-credentials", "ctr", "--address",
                    socket.toString());
        } catch (IOException e) {
            throw new UncheckedIOException("read rootlesskit's state", e);
        }
    }
}
