// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A way to make cgroups for containers (cgroups(7)), see [CgroupDelegation].
///
/// @param driver who makes them
/// @param path the cgroup below which they are made, relative to the hierarchy's root; `/` when there is none
/// @param controllers those that limits can be set with (`cpu`, `memory`, `pids` …); empty with [Driver#DISABLED]
/// @param failure why there are none although there is somebody to make them, else null
public record CgroupAccess(
        Driver driver,
        String path,
        Set<String> controllers,
        @Nullable String failure) {
    static final Path ROOT = Path.of("/sys/fs/cgroup");

    public CgroupAccess {
        controllers = Set.copyOf(controllers);
    }

    public CgroupAccess(Driver driver, String path, Set<String> controllers) {
        this(driver, path, controllers, null);
    }

    /// Who makes cgroups.
    public enum Driver {
        /// Nobody: no limits, no statistics.
        DISABLED("none"),
        /// Folders are made below a cgroup that belongs to the user.
        CGROUPFS("cgroupfs"),
        /// The user's systemd makes scopes.
        SYSTEMD("systemd");

        private final String word;

        Driver(String word) {
            this.word = word;
        }

        /// As the user writes it.
        public String word() {
            return word;
        }

        /// @throws KelpException INVALID_ARGUMENT for any other word
        public static Driver of(String word) {
            for (Driver d : values()) {
                if (d.word.equals(word)) {
                    return d;
                }
            }
            throw KelpException.invalid("unknown cgroup manager `" + word + "`")
                    .withHint("use systemd, cgroupfs or none");
        }
    }

    /// No cgroups are made.
    public static CgroupAccess none() {
        return new CgroupAccess(Driver.DISABLED, "/", Set.of());
    }

    /// No cgroups can be made, which was not to be expected: a limit is refused.
    public static CgroupAccess failed(String why) {
        return new CgroupAccess(Driver.DISABLED, "/", Set.of(), why);
    }

    /// What a program needs in its environment to have cgroups made this way, `NAME=value`.
    public static List<String> environment(Driver driver, int uid) {
        return driver == Driver.SYSTEMD ? UserSystemd.environment(uid) : List.of();
    }

    /// At which layer a controller is missing, in words.
    public String lacking(String controller) {
        return lacking(ROOT, controller);
    }

    String lacking(Path root, String controller) {
        if (!controllers(root).contains(controller)) {
            return "the kernel does not have it in cgroup v2";
        }
        Path layer = root;
        for (Path name : Path.of(path)) {
            Path below = layer.resolve(name);
            if (!controllers(below).contains(controller)) {
                return layer + " has it and does not hand it on to " + name;
            }
            layer = below;
        }
        return layer + " has it and does not hand it on";
    }

    /// How many processes the kernel has killed for want of memory in this cgroup and all below; 0 where it has no
    /// such limits.
    public long memoryKills() {
        return driver == Driver.DISABLED ? 0 : memoryKills(ROOT.resolve(path.substring(1)));
    }

    static long memoryKills(Path group) {
        String name = "oom_kill ";
        try (Stream<String> lines = Files.lines(group.resolve("memory.events"))) {
            return lines.filter(line -> line.startsWith(name))
                    .mapToLong(line -> Long.parseLong(line.substring(name.length())))
                    .sum();
        } catch (IOException | UncheckedIOException | NumberFormatException e) {
            return 0;
        }
    }

    /// The controllers a cgroup has.
    static Set<String> controllers(Path group) {
        try {
            Set<String> all = new TreeSet<>(List.of(
                    Files.readString(group.resolve("cgroup.controllers")).trim().split(" ")));
            all.remove("");
            return all;
        } catch (IOException e) {
            return Set.of();
        }
    }
}
