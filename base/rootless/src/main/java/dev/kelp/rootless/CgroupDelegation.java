// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.CgroupAccess.Driver;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What of the control groups is delegated to this user, and how containers get some (cgroups(7)).
///
/// On the unified hierarchy a user with a systemd of their own has the subtree of `user@UID.service`. The engine's
/// own processes were mostly started from a login session, whose cgroup is root's and lies outside: from there nobody
/// can move a process into a container's cgroup, as `exec` must. So before the first container the holder, this daemon
/// and what else the holder started move into a scope of the user's systemd, where both drivers work. It also takes
/// them out of the cgroup of the service or terminal that happened to start them, with which they would end.
///
/// Without systemd somebody with root's rights may have given the user the cgroup this process is in; real root's
/// holder has itself given one before it leaves root. A cgroup with processes hands no controllers on, so what is in
/// there moves into one below, `engine`.
///
/// On a hybrid or version 1 host nothing is delegated, and the holder has mounted an empty cgroup2 over /sys/fs/cgroup
/// so that crun runs at all.
public final class CgroupDelegation {
    private static final System.Logger LOG = System.getLogger(CgroupDelegation.class.getName());

    private static final Path OWN = Path.of("/proc/self/cgroup");
    private static final String SCOPE_PREFIX = "kelp";
    private static final String ENGINE = "engine";
    private static final String PROCESSES = "cgroup.procs";
    private static final String HANDED_ON = "cgroup.subtree_control";

    private static final int MOVE_TRIES = 3;
    private static final int MOVE_MILLIS_MAX = 5_000;
    private static final int REFUSED_MILLIS = 200;
    /// A failure is not asked for again at once: the tries take their time, and others wait meanwhile.
    private static final long FAILED_NANOS = 10_000_000_000L;
    private static final int PASSES_MAX = 20;

    private final Instance instance;
    private final Spawner spawner;
    /// Whether there are cgroups to be had. Never for a JVM that no holder started, such as a test's: it has no
    /// business
    /// with the cgroup of whoever did.
    private final boolean unified;

    private @Nullable KelpException lastFailure;
    private long failedAt;

    public CgroupDelegation(Instance instance, Spawner spawner) {
        this.instance = instance;
        this.spawner = spawner;
        ProcessHandle self = ProcessHandle.current();
        this.unified = isUnified() && isHolder(self.parent().orElse(self));
    }

    private static boolean isUnified() {
        try (Stream<String> lines = Files.lines(OWN)) {
            return lines.allMatch(line -> line.startsWith("0::"))
                    && Files.exists(CgroupAccess.ROOT.resolve("cgroup.controllers"));
        } catch (IOException e) {
            return false;
        }
    }

    /// The way that was asked for, or the best there is: [Driver#SYSTEMD], else [Driver#CGROUPFS], else none. Its
    /// answer may differ from one time to the next: who makes a container asks once.
    ///
    /// @param asked a word of [Driver#of], or null
    /// @throws KelpException FAILED_PRECONDITION when what was asked for cannot be had here
    public synchronized CgroupAccess choose(@Nullable String asked) {
        Driver driver = asked == null ? null : Driver.of(asked);
        if (driver == Driver.DISABLED) {
            return CgroupAccess.none();
        }
        Optional<UserSystemd> systemd =
                unified && instance.hostUid() != 0 ? UserSystemd.of(instance.hostUid()) : Optional.empty();
        try {
            if (systemd.isPresent()) {
                ownScope(systemd.get());
                return driver == Driver.CGROUPFS ? cgroupfs() : access(systemd.get());
            }
            if (driver != Driver.SYSTEMD && unified && isOurs(base(own()))) {
                return cgroupfs();
            }
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "prepare the engine's own cgroup: " + e.getMessage(), e);
        } catch (KelpException e) {
            if (driver != null) {
                throw e;
            }
            LOG.log(Level.WARNING, "no cgroups for containers", e);
            return CgroupAccess.failed(String.valueOf(e.getMessage()));
        }
        if (driver == null) {
            return CgroupAccess.none();
        }
        throw refusal(driver);
    }

    /// Leaves the cgroup of the service or session that started the engine: their end is not to be the engine's.
    public void settle() {
        try {
            choose(null);
        } catch (KelpException e) {
            LOG.log(Level.WARNING, "leave the cgroup the engine was started in", e);
        }
    }

    private KelpException refusal(Driver driver) {
        String why = !unified
                ? "this machine has no unified cgroup v2"
                : driver == Driver.SYSTEMD
                        ? "no systemd of user %1$d has a bus at /run/user/%1$d".formatted(instance.hostUid())
                        : "the cgroup that Kelp is in does not belong to user " + instance.hostUid();
        return new KelpException(ErrorKind.FAILED_PRECONDITION, "use the cgroup manager " + driver.word() + ": " + why)
                .withHint("`kelp setup check` says what is missing and what to type");
    }

    private static CgroupAccess access(UserSystemd systemd) {
        Set<String> controllers = CgroupAccess.controllers(group(systemd.cgroup()));
        return new CgroupAccess(Driver.SYSTEMD, systemd.cgroup(), controllers);
    }

    /// The cgroup this process is in, relative to the hierarchy's root.
    private static String own() throws IOException {
        try (Stream<String> lines = Files.lines(OWN)) {
            return lines.filter(line -> line.startsWith("0::/"))
                    .map(line -> line.substring("0::".length()))
                    .findFirst()
                    .orElse("/");
        }
    }

    /// Where cgroups of containers are made by one whose own is `own`.
    static String base(String own) {
        return own.endsWith("/" + ENGINE) ? own.substring(0, own.length() - ENGINE.length() - 1) : own;
    }

    private static Path group(String path) {
        return CgroupAccess.ROOT.resolve(path.substring(1));
    }

    /// Whether cgroups may be made below this one.
    private static boolean isOurs(String path) {
        Path group = group(path);
        return Files.isWritable(group)
                && Files.isWritable(group.resolve(PROCESSES))
                && Files.isWritable(group.resolve(HANDED_ON));
    }

    // -------- the engine's own scope

    /// Whether the engine is in a scope of its own, by the path of its cgroup.
    static boolean isOwnScope(String own, String systemd) {
        if (!own.startsWith(systemd + "/")) {
            return false;
        }
        return Stream.of(own.substring(systemd.length()).split("/"))
                .anyMatch(unit -> unit.startsWith(SCOPE_PREFIX) && unit.endsWith(".scope"));
    }

    private void ownScope(UserSystemd systemd) throws IOException {
        if (isOwnScope(own(), systemd.cgroup())) {
            lastFailure = null;
            return;
        }
        if (lastFailure != null && System.nanoTime() - failedAt < FAILED_NANOS) {
            throw lastFailure;
        }
        FutureTask<Void> moving = new FutureTask<>(() -> {
            move(systemd);
            return null;
        });
        Thread.ofPlatform().daemon(true).name("cgroup-scope").start(moving);
        try {
            moving.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KelpException known) {
                lastFailure = known;
                failedAt = System.nanoTime();
                throw known;
            }
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KelpException(ErrorKind.CANCELLED, "move the engine into a scope: interrupted", e);
        }
    }

    private static boolean isHolder(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/comm")).startsWith(SCOPE_PREFIX);
        } catch (IOException e) {
            return false;
        }
    }

    private void move(UserSystemd systemd) throws IOException, InterruptedException {
        ProcessHandle daemon = ProcessHandle.current();
        ProcessHandle holder = daemon.parent().orElse(daemon);
        String name = SCOPE_PREFIX + "-engine-" + holder.pid() + ".scope";
        KelpException failure =
                new KelpException(ErrorKind.INTERNAL, "systemd has not moved the engine into " + name + " within 5 s");
        boolean made = false;
        for (int i = 1; i <= MOVE_TRIES; i++) {
            // systemd refuses them all for one that has ended meanwhile: at last only those two that have not.
            Stream<ProcessHandle> others = i < MOVE_TRIES ? holder.children() : Stream.empty();
            List<Long> pids = Stream.concat(Stream.of(holder, daemon), others)
                    .map(ProcessHandle::pid)
                    .distinct()
                    .toList();
            try {
                systemd.makeScope(spawner, name, "Kelp's engine, " + instance.dataRoot(), pids);
                made = true;
            } catch (KelpException e) {
                LOG.log(Level.INFO, "try {0} to make {1}: {2}", i, name, e.getMessage());
                // One that an earlier try asked for is there already when systemd is slow.
                failure = made ? failure : e;
            }
            if (isMovedWithin(made ? MOVE_MILLIS_MAX : REFUSED_MILLIS, systemd)) {
                return;
            }
        }
        throw failure;
    }

    private static boolean isMovedWithin(int millis, UserSystemd systemd) throws IOException, InterruptedException {
        long end = System.nanoTime() + millis * 1_000_000L;
        while (!isOwnScope(own(), systemd.cgroup())) {
            if (System.nanoTime() > end) {
                return false;
            }
            Thread.sleep(5);
        }
        return true;
    }

    // -------- cgroupfs

    /// Makes the own cgroup an inner one that hands its controllers on.
    private static CgroupAccess cgroupfs() throws IOException {
        String base = base(own());
        Path group = group(base);
        Path engine = group.resolve(ENGINE);
        if (!Files.isDirectory(engine)) {
            Files.createDirectory(engine);
        }
        evacuate(group.resolve(PROCESSES), engine.resolve(PROCESSES));
        Set<String> handedOn = new TreeSet<>();
        for (String controller : CgroupAccess.controllers(group)) {
            try {
                Files.writeString(group.resolve(HANDED_ON), "+" + controller);
                handedOn.add(controller);
            } catch (IOException e) {
                LOG.log(Level.WARNING, "hand the cgroup controller {0} on from {1}: {2}", controller, group, e);
            }
        }
        return new CgroupAccess(Driver.CGROUPFS, base, handedOn);
    }

    /// Processes that come meanwhile are moved by the next pass; those of others cannot be.
    private static void evacuate(Path from, Path to) throws IOException {
        for (int pass = 0; pass < PASSES_MAX; pass++) {
            List<String> pids = Files.readAllLines(from);
            if (pids.isEmpty()) {
                return;
            }
            for (String pid : pids) {
                try {
                    Files.writeString(to, pid);
                } catch (IOException e) {
                    LOG.log(Level.DEBUG, "move process {0} to {1}: {2}", pid, to, e);
                }
            }
        }
    }
}
