// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// What of the control groups this user may use (cgroups(7)).
///
/// On the unified hierarchy a login manager delegates a subtree with some controllers; on a hybrid or version 1 host
/// nothing is delegated, and the holder has mounted an empty cgroup2 over /sys/fs/cgroup so that crun runs at all.
///
/// @param driver how an OCI runtime is to make cgroups
/// @param path the cgroup this process is in, relative to the hierarchy's root as seen here, `/` when there is none
/// @param controllers those that limits can be set with (`cpu`, `memory`, `pids` …); empty with [Driver#DISABLED]
public record CgroupAccess(Driver driver, String path, Set<String> controllers) {
    private static final Path ROOT = Path.of("/sys/fs/cgroup");

    public CgroupAccess {
        controllers = Set.copyOf(controllers);
    }

    public enum Driver {
        /// No writable delegated cgroup: no limits, no statistics.
        DISABLED,
        /// Folders are made below the own cgroup.
        CGROUPFS,
        /// The user's systemd makes scopes.
        SYSTEMD
    }

    /// Looks at /proc/self/cgroup and /sys/fs/cgroup.
    ///
    /// @param userBus whether the user's systemd can be asked over its bus
    public static CgroupAccess detect(boolean userBus) {
        try {
            return detect(ROOT, Files.readAllLines(Path.of("/proc/self/cgroup")), userBus);
        } catch (IOException e) {
            return none();
        }
    }

    static CgroupAccess detect(Path root, List<String> own, boolean userBus) throws IOException {
        boolean legacy = own.stream().anyMatch(line -> !line.startsWith("0::") && line.matches("\\d+:[a-z,_]+:.*"));
        String path = own.stream()
                .filter(line -> line.startsWith("0::"))
                .map(line -> line.substring(3))
                .findFirst()
                .orElse("");
        Path dir = root.resolve(path.startsWith("/") ? path.substring(1) : path);
        Path controllersFile = dir.resolve("cgroup.controllers");
        if (legacy || path.isEmpty() || !Files.isRegularFile(controllersFile)) {
            return none();
        }
        Set<String> controllers =
                new TreeSet<>(List.of(Files.readString(controllersFile).trim().split(" ")));
        controllers.remove("");
        if (userBus) {
            return new CgroupAccess(Driver.SYSTEMD, path, controllers);
        }
        boolean writable = Files.isWritable(dir)
                && Files.isWritable(dir.resolve("cgroup.procs"))
                && Files.isWritable(dir.resolve("cgroup.subtree_control"));
        return writable && !controllers.isEmpty() ? new CgroupAccess(Driver.CGROUPFS, path, controllers) : none();
    }

    /// No cgroups to be used.
    public static CgroupAccess none() {
        return new CgroupAccess(Driver.DISABLED, "/", Set.of());
    }
}
