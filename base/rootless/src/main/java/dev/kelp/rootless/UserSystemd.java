// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// The user's own systemd (`user@UID.service`), reached over its bus.
///
/// It is there while the user is logged in, or lingers. Nothing is read from the environment: this process may have
/// been started by `su` or cron, from where the bus is reached all the same.
///
/// @param uid the user
/// @param cgroup its cgroup, relative to the hierarchy's root; everything below belongs to the user
record UserSystemd(int uid, String cgroup) {
    private static final Path RUNTIME_FOLDERS = Path.of("/run/user");
    private static final int MESSAGE_BYTES_MAX = 4 << 10;
    private static final int ANSWER_SECONDS_MAX = 30;
    private static final AtomicLong CALLS = new AtomicLong();
    private static final List<String> BUSCTL = List.of("/usr/bin/busctl", "/bin/busctl");

    /// Empty when it does not run.
    static Optional<UserSystemd> of(int uid) {
        return of(RUNTIME_FOLDERS, CgroupAccess.ROOT, uid);
    }

    static Optional<UserSystemd> of(Path runtimeFolders, Path cgroups, int uid) {
        Path folder = runtimeFolders.resolve(Integer.toString(uid));
        String cgroup = "/user.slice/user-" + uid + ".slice/user@" + uid + ".service";
        boolean runs = Files.exists(folder.resolve("bus"))
                && Files.exists(folder.resolve("systemd/private"))
                && Files.isWritable(cgroups.resolve(cgroup.substring(1)));
        return runs ? Optional.of(new UserSystemd(uid, cgroup)) : Optional.empty();
    }

    /// What a program needs to reach it.
    static List<String> environment(int uid) {
        Path folder = RUNTIME_FOLDERS.resolve(Integer.toString(uid));
        return List.of("XDG_RUNTIME_DIR=" + folder, "DBUS_SESSION_BUS_ADDRESS=unix:path=" + folder + "/bus");
    }

    /// Has it make a scope with these processes, which may make cgroups below it. Only when systemd has moved them
    /// is this done. Blocks: platform threads only.
    void makeScope(Spawner spawner, String name, String description, List<Long> pids) {
        String busctl = BUSCTL.stream()
                .filter(p -> Files.isExecutable(Path.of(p)))
                .findFirst()
                .orElseThrow(() -> new KelpException(ErrorKind.NOT_FOUND, "busctl is not installed"));
        List<String> argv = new ArrayList<>(List.of(
                busctl,
                "--user",
                "call",
                "org.freedesktop.systemd1",
                "/org/freedesktop/systemd1",
                "org.freedesktop.systemd1.Manager",
                "StartTransientUnit",
                "ssa(sv)a(sa(sv))",
                name,
                "fail"));
        argv.addAll(List.of("4", "Description", "s", description, "Slice", "s", "user.slice"));
        argv.addAll(List.of("Delegate", "b", "true", "PIDs", "au", Integer.toString(pids.size())));
        pids.forEach(pid -> argv.add(Long.toString(pid)));
        argv.add("0");
        // Of each call its own: an earlier one may not have ended yet, or be told by the holder once more.
        String key = "scope/" + ProcessHandle.current().pid() + "/" + CALLS.incrementAndGet() + "/" + name;
        call(spawner, key, argv);
    }

    private void call(Spawner spawner, String key, List<String> argv) {
        try {
            Fd[] pipe = Pipes.pipe();
            try (InputStream errors = Pipes.input(pipe[0])) {
                SpawnedProcess child;
                try (Fd write = pipe[1]) {
                    child = spawner.spawn(SpawnRequest.of(key, argv, environment(uid), Map.of(2, write))
                            .dyingWithDaemon());
                }
                child.pidfd().close();
                var _ = child.waitStatus().whenComplete((status, failure) -> spawner.acknowledge(key));
                String said = new String(errors.readNBytes(MESSAGE_BYTES_MAX), StandardCharsets.UTF_8).strip();
                int status = child.waitStatus()
                        .copy()
                        .orTimeout(ANSWER_SECONDS_MAX, TimeUnit.SECONDS)
                        .join();
                if (status != 0) {
                    throw new KelpException(ErrorKind.INTERNAL, "make a scope of the user's systemd: " + said);
                }
            }
        } catch (ErrnoException e) {
            throw e.toKelp("make a scope of the user's systemd");
        } catch (IOException | CompletionException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make a scope of the user's systemd: " + e.getMessage(), e);
        }
    }
}
