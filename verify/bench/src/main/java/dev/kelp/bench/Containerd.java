// SPDX-License-Identifier: Apache-2.0
package dev.kelp.bench;

import dev.kelp.testkit.Folders;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// containerd under RootlessKit as the rootless setup tool starts it, spoken to by `ctr` inside its namespaces.
final class Containerd implements AutoCloseable {
    /// Run by RootlessKit in its namespaces: cgroup2 where runc looks for it, then containerd.
    private static final String START =
            "stat -f -c %T /sys/fs/cgroup | grep -q cgroup2 || mount -t cgroup2 none /sys/fs/cgroup;"
                    + " exec containerd -c $0";

    private final Path folder = Folders.create("ctr-");
    private final Program.Running rootlessKit;
    private final List<String> prefix;

    Containerd() {
        try {
            Path file = Files.writeString(folder.resolve("config.toml"), """
                    version = 2
                    root = "%1$s/root"
                    state = "%1$s/state"
                    disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs",
                      "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
                    [grpc]
                      address = "%1$s/c.sock"
                    """.formatted(folder));
            Path runtime = Files.createDirectory(folder.resolve("run"));
            rootlessKit = Program.of(
                            "rootlesskit",
                            "--state-dir=" + folder.resolve("rootlesskit"),
                            "--net=host",
                            "--copy-up=/etc",
                            "--copy-up=/run",
                            "--propagation=rslave",
                            "--cgroupns",
                            "sh",
                            "-c",
                            START,
                            file.toString())
                    .environment(Map.of("XDG_RUNTIME_DIR", runtime.toString(), "PATH", path()))
                    .start();
            Path child = folder.resolve("rootlesskit/child_pid");
            Waiting.until(
                    Duration.ofSeconds(15),
                    "containerd's socket",
                    () -> Files.exists(folder.resolve("c.sock")) && Files.exists(child),
                    () -> "");
            prefix = List.of(
                    "nsenter",
                    "-U",
                    "--preserve-credentials",
                    "-m",
                    "-C",
                    "-t",
                    Files.readString(child).strip(),
                    "ctr",
                    "-a",
                    folder.resolve("c.sock").toString());
        } catch (IOException e) {
            throw new UncheckedIOException("start containerd", e);
        }
    }

    /// Where containerd and its runtime are found: the sbin folders too.
    private static String path() {
        return System.getenv("PATH") + ":/usr/local/sbin:/usr/sbin:/sbin";
    }

    Program command(String... words) {
        List<String> all = new ArrayList<>(prefix);
        all.addAll(List.of(words));
        return Program.of(all).environment(Map.of("PATH", path()));
    }

    Program pull(String reference) {
        return command("image", "pull", "--plain-http", reference);
    }

    void remove(String reference) {
        command("image", "rm", "--sync", reference).run();
    }

    /// Without a cgroup, which an ordinary user does not have on every machine; crun, as the others.
    Program run(String reference, String id) {
        return command("run", "--rm", "--net-host", "--cgroup", "", "--runc-binary", "crun", reference, id, "true");
    }

    @Override
    public void close() {
        rootlessKit.terminate();
        rootlessKit.await();
        Folders.delete(folder);
    }
}
