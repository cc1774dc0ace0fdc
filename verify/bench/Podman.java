// SPDX-License-Identifier: Apache-2.0

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Podman at its best on this machine, which is faster than an ordinary user sees it.
///
/// Rootless Podman executes itself once more for each command, to enter its user namespace (some 25 ms), and on a
/// hybrid
/// cgroup hierarchy crun refuses to work, so that it must use the slower runc. Both are spared here: a user, mount and
/// cgroup namespace with a cgroup2 of its own is made once and stays; each command is executed inside by nsenter(1)
/// (1 ms), and `_CONTAINERS_USERNS_CONFIGURED` tells Podman that it is where it wants to be. The other choices are also
/// the fast ones: overlay without fuse (the kernel's, in the user namespace), crun, events in a file (there is no
/// journal), no systemd, no network of its own. `direct` is the command as the user types it.
final class Podman {
    private static final int CLEANUP_MILLIS_MAX = 20_000;

    private final Command prefix;
    private final boolean direct;

    private Podman(Command prefix, boolean direct) {
        this.prefix = prefix;
        this.direct = direct;
    }

    static Podman start(Workspace workspace, boolean direct) {
        Podman podman = direct ? direct(workspace) : entered(workspace);
        // Its storage and its conmons outlive its commands. With direct use a process that keeps the namespace
        // does, too.
        workspace.atEnd(() -> {
            podman.command("rm", "-a", "-f", "-t", "0").attempt();
            if (direct) {
                podman.command("system", "migrate").attempt();
            }
            // Each monitor starts a last Podman, which would make the folders anew that are to be removed.
            for (int i = 0; i < CLEANUP_MILLIS_MAX / 50 && working(workspace); i++) {
                Machine.sleepMillis(50);
            }
        });
        podman.command("info").output();
        return podman;
    }

    private static boolean working(Workspace workspace) {
        String root = workspace.path("podman").toString();
        return List.of("podman", "conmon").stream()
                .anyMatch(name -> !Machine.processes(name, root).isEmpty());
    }

    private static Podman direct(Workspace workspace) {
        boolean unified = Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));
        Command podman = workspace.command(
                options(workspace, unified ? "crun" : "runc", workspace.inMemory("podman-run")));
        return new Podman(podman, true);
    }

    private static Podman entered(Workspace workspace) {
        String script = """
                mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
                for covered in /run /dev/shm /var/lib/containers; do
                    [ ! -d $covered ] || mount -t tmpfs tmpfs $covered || exit
                done &&
                mkdir /run/lock /run/user && touch %1$s && exec sleep infinity
                """.formatted(workspace.path("podman.ready"));
        Process holder = workspace.background(
                "podman",
                workspace.command(
                        "unshare", "--user", "--map-root-user", "--map-auto", "--mount", "--cgroup", "sh",
                        "-c", script),
                () -> Files.exists(workspace.path("podman.ready")));
        Command podman = workspace
                .command("nsenter", "-t", Long.toString(holder.pid()), "-U", "-m", "-C")
                .with(options(workspace, "crun", Path.of("/run/podman-run")))
                .environment("XDG_RUNTIME_DIR", "/run/user")
                .environment("_CONTAINERS_USERNS_CONFIGURED", "done")
                .environment("_CONTAINERS_ROOTLESS_UID", Integer.toString(Machine.uid()));
        return new Podman(podman, false);
    }

    private static String[] options(Workspace workspace, String runtime, Path runRoot) {
        return List.of(
                        "podman",
                        "--root=" + workspace.path("podman"),
                        "--runroot=" + runRoot,
                        "--storage-driver=overlay",
                        "--cgroup-manager=cgroupfs",
                        "--events-backend=file",
                        "--runtime=" + runtime)
                .toArray(String[]::new);
    }

    Command command(String... words) {
        return prefix.with(words);
    }

    String description() {
        return command("--version").output() + (direct ? ", as typed" : ", kept inside its namespace");
    }
}
