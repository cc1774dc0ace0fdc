// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// Podman with a store of its own, set up so that it works without systemd and on a hybrid cgroup hierarchy (which crun
/// refuses and runc does not).
public final class PodmanCli implements Engine {
    private final Path folder = Folders.create("podman-e2e-");

    public static boolean available() {
        return Stream.of("/usr/bin/podman", "/usr/local/bin/podman")
                .anyMatch(path -> Files.isExecutable(Path.of(path)));
    }

    public PodmanCli() {
        try {
            // As root without CAP_SYS_RESOURCE its usual limits cannot be set.
            Files.writeString(
                    folder.resolve("containers.conf"),
                    "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n");
            Files.createDirectory(folder.resolve("runtime"));
        } catch (IOException e) {
            throw new UncheckedIOException("set up Podman", e);
        }
    }

    @Override
    public Program command(String... words) {
        return Program.of(Stream.concat(prefix().stream(), Stream.of(words)).toList())
                .environment(environment());
    }

    @Override
    public Map<String, String> environment() {
        return Map.of(
                "XDG_RUNTIME_DIR", folder.resolve("runtime").toString(),
                "CONTAINERS_CONF", folder.resolve("containers.conf").toString());
    }

    @Override
    public void pull(String reference) {
        command("pull", "--tls-verify=false", reference)
                .timeoutSeconds(300)
                .run()
                .succeeded();
    }

    @Override
    public List<String> prefix() {
        return List.of(
                "podman",
                "--root=" + folder.resolve("data"),
                "--runroot=" + folder.resolve("run"),
                "--tmpdir=" + folder.resolve("tmp"),
                "--cgroup-manager=cgroupfs",
                "--events-backend=file",
                "--runtime=" + runtime());
    }

    /// crun, which Podman prefers; runc where the hierarchy is hybrid.
    public String runtime() {
        return Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers")) ? "crun" : "runc";
    }

    @Override
    public String name() {
        return "podman";
    }

    @Override
    public void close() {
        command("rm", "-a", "-f", "-t", "0").run();
        // Ends the process that keeps the namespaces, and with it the store's mounts.
        command("system", "migrate").run();
        Folders.delete(folder);
    }

    @Override
    public String toString() {
        return name();
    }
}
