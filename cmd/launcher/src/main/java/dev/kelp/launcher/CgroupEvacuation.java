// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Moves the processes of the own cgroup into a group below it, so that the own one may hand its controllers on
/// (cgroups(7): no processes in inner groups).
final class CgroupEvacuation {
    private static final String PROCESSES = "cgroup.procs";

    private CgroupEvacuation() {}

    /// @param name of the group below
    static void run(String name, Console console) throws IOException {
        Path mount = null;
        for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
            // … mount point … - type source options: proc_pid_mountinfo(5)
            if (line.contains(" - cgroup2 ")) {
                mount = Path.of(line.split(" ")[4]);
            }
        }
        String own = Files.readAllLines(Path.of("/proc/self/cgroup")).stream()
                .filter(line -> line.startsWith("0::/"))
                .map(line -> line.substring("0::/".length()))
                .findFirst()
                .orElse(null);
        if (mount == null || own == null) {
            console.warn("--evacuate-cgroup2 has no effect: no cgroup2 is mounted");
            return;
        }
        Path group = mount.resolve(own);
        Path below = group.resolve(name);
        Files.createDirectories(below);
        for (String pid : Files.readAllLines(group.resolve(PROCESSES))) {
            move(pid, below, console);
        }
        for (String controller : controllers(group)) {
            try {
                Files.writeString(group.resolve("cgroup.subtree_control"), "+" + controller);
            } catch (IOException e) {
                console.warn("enable the cgroup controller " + controller + ": " + e.getMessage());
            }
        }
    }

    private static List<String> controllers(Path group) throws IOException {
        String all = Files.readString(group.resolve("cgroup.controllers")).strip();
        return all.isEmpty() ? List.of() : List.of(all.split(" "));
    }

    private static void move(String pid, Path group, Console console) {
        if (pid.equals("0")) {
            return;
        }
        try {
            Files.writeString(group.resolve(PROCESSES), pid);
        } catch (IOException e) {
            console.warn("move process " + pid + " to cgroup " + group + ": " + e.getMessage());
        }
    }
}
