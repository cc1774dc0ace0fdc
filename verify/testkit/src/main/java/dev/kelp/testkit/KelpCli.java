// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// The installed Kelp with roots of its own.
public final class KelpCli implements Engine {
    private static final int STOP_SECONDS = 60;

    private final Path folder = Folders.create("kelp-e2e-");
    private final Path binary;
    private final Map<String, String> environment = new HashMap<>();

    public KelpCli() {
        this(installed());
    }

    /// @param tree an installed tree
    public KelpCli(Path tree) {
        binary = tree.resolve("bin/kelp");
        if (!Files.isExecutable(binary)) {
            throw new IllegalStateException("Kelp is not built: " + binary + " is missing (./dev build)");
        }
        environment.put("KELP_DATA_ROOT", dataRoot().toString());
        environment.put("KELP_RUN_ROOT", runRoot().toString());
        environment.put("HOME", home().toString());
        for (String foreign : List.of("CONTAINERD_NAMESPACE", "CONTAINERD_SNAPSHOTTER", "DOCKER_CONFIG")) {
            environment.put(foreign, "");
        }
        try {
            Files.createDirectory(home());
        } catch (IOException e) {
            throw new UncheckedIOException("make a home folder", e);
        }
    }

    /// The tree that `./dev test` installed and named in KELP_INSTALLED, else the one in the checkout's `target`.
    public static Path installed() {
        String installed = System.getenv("KELP_INSTALLED");
        return installed != null ? Path.of(installed) : Path.of(System.getProperty("kelp.checkout"), "target/kelp");
    }

    public Path dataRoot() {
        return folder.resolve("data");
    }

    public Path runRoot() {
        return folder.resolve("run");
    }

    public Path home() {
        return folder.resolve("home");
    }

    public Path binary() {
        return binary;
    }

    @Override
    public Map<String, String> environment() {
        return Map.copyOf(environment);
    }

    @Override
    public Program command(String... words) {
        return Program.of(Stream.concat(prefix().stream(), Stream.of(words)).toList())
                .environment(environment);
    }

    @Override
    public List<String> prefix() {
        return List.of(binary.toString());
    }

    @Override
    public String name() {
        return "kelp";
    }

    /// A line of `kelp system status`.
    public String status(String key) {
        return run("system", "status").succeeded().lines().stream()
                .filter(line -> line.startsWith(key + ": "))
                .map(line -> line.substring(key.length() + 2))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + key + " in `system status`"));
    }

    public long daemonPid() {
        return Long.parseLong(status("daemon pid"));
    }

    public long holderPid() {
        return Long.parseLong(status("holder pid"));
    }

    /// What the daemon has logged.
    public String daemonLog() {
        try {
            return Files.readString(runRoot().resolve("daemon.log"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// Removes all containers; they outlive the instance otherwise.
    public void removeContainers() {
        List<String> containers = run("ps", "-aq").lines();
        if (!containers.isEmpty()) {
            command(Stream.concat(Stream.of("rm", "-f"), containers.stream()).toArray(String[]::new))
                    .timeoutSeconds(STOP_SECONDS)
                    .run();
        }
    }

    @Override
    public void close() {
        if (Files.exists(dataRoot())) {
            removeContainers();
            command("system", "stop").timeoutSeconds(STOP_SECONDS).run();
        }
        Folders.delete(folder);
    }

    @Override
    public String toString() {
        return name();
    }
}
