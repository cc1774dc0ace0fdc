// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// Control groups: which hierarchy there is, and which controllers come down to the user (cgroups(7), systemd's
/// `Delegate=`).
public final class CgroupChecks {
    /// What limits of containers need.
    private static final List<String> CONTROLLERS = List.of("cpu", "cpuset", "io", "memory", "pids");

    private static final String DROP_IN = "/etc/systemd/system/user@.service.d/delegate.conf";
    private static final String ROOT = "/sys/fs/cgroup";

    private CgroupChecks() {}

    static Finding hierarchy(Machine machine) {
        String name = "cgroup v2";
        if (machine.exists(ROOT + "/cgroup.controllers")) {
            return Finding.ok(name, "the only hierarchy");
        }
        String found = machine.exists(ROOT + "/unified/cgroup.controllers")
                ? "version 1 has the controllers, beside an empty version 2"
                : machine.isFolder(ROOT) ? "only version 1 is mounted" : "none is mounted";
        String loss = found + ": containers run without limits";
        Remedy remedy = machine.hasSystemd()
                ? kernelArgument("systemd.unified_cgroup_hierarchy=1")
                : machine.exists("/etc/rc.conf")
                        ? Remedy.root("sed -i 's/^#\\?rc_cgroup_mode=.*/rc_cgroup_mode=\"unified\"/' /etc/rc.conf")
                                .then("restart the machine")
                        : Remedy.root()
                                .then("start the kernel with cgroup_no_v1=all, and have init mount cgroup2 at " + ROOT);
        return Finding.warning(name, loss, remedy);
    }

    static Finding delegation(Machine machine) {
        String name = "cgroup delegation";
        if (!machine.exists(ROOT + "/cgroup.controllers")) {
            return Finding.note(name, "nothing to delegate without cgroup v2");
        }
        if (machine.user().isRoot()) {
            return Finding.ok(name, "root needs none");
        }
        if (!machine.hasSystemd()) {
            return withoutSystemd(machine, name);
        }
        List<String> missing = missing(machine, CONTROLLERS);
        if (missing.isEmpty()) {
            return Finding.ok(name, String.join(" ", CONTROLLERS));
        }
        List<String> layers = layers(machine);
        Set<String> kernel = machine.words(ROOT + "/cgroup.controllers");
        List<String> said = new ArrayList<>();
        List<Remedy> remedies = new ArrayList<>();
        List<String> absent = missing.stream().filter(c -> !kernel.contains(c)).toList();
        if (!absent.isEmpty()) {
            said.add("the kernel has no " + String.join(", ", absent));
            if (absent.contains("memory")) {
                remedies.add(kernelArgument("cgroup_enable=memory"));
            }
        }
        missing.stream()
                .filter(kernel::contains)
                .forEach(c -> said.add(c + " ends at " + lastWith(machine, layers, c)));
        if (missing.stream().anyMatch(kernel::contains)) {
            remedies.add(delegate());
        }
        return Finding.warning(name, String.join("; ", said) + ": no such limits", remedies.toArray(Remedy[]::new));
    }

    private static Finding withoutSystemd(Machine machine, String name) {
        if (machine.asksForAnother()) {
            return Finding.note(name, "is seen when " + machine.user().name() + " runs this check");
        }
        String user = Remedy.quoted(machine.user().name());
        String own = machine.text("/proc/self/cgroup").stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith("0::/"))
                .map(line -> ROOT + line.substring("0::".length()))
                .findFirst()
                .orElse(ROOT);
        boolean given = machine.isWritable(own) && machine.isWritable(own + "/cgroup.procs");
        String group = ROOT + "/kelp-" + machine.user().uid();
        return given
                ? Finding.ok(
                        name, own + " may be written: " + String.join(" ", machine.words(own + "/cgroup.controllers")))
                : Finding.warning(
                        name,
                        own + " belongs to root: containers run without limits",
                        Remedy.root(
                                        "mkdir -p " + group,
                                        "echo '+cpu +cpuset +io +memory +pids' > " + ROOT + "/cgroup.subtree_control",
                                        "chown " + user + " " + group + " " + group
                                                + "/cgroup.procs " + group + "/cgroup.subtree_control "
                                                + group + "/cgroup.threads")
                                .then("start Kelp from a shell whose pid root wrote into " + group + "/cgroup.procs"));
    }

    /// Those of these controllers that do not come down to the user's own service manager.
    static List<String> missing(Machine machine, List<String> wanted) {
        Set<String> given = machine.words(controllersOfUser(machine));
        return wanted.stream().filter(c -> !given.contains(c)).toList();
    }

    /// The file that says which controllers the user's service manager has.
    static String controllersOfUser(Machine machine) {
        return layers(machine).getLast() + "/cgroup.controllers";
    }

    private static List<String> layers(Machine machine) {
        String slice = ROOT + "/user.slice/user-" + machine.user().uid() + ".slice";
        return List.of(
                ROOT,
                ROOT + "/user.slice",
                slice,
                slice + "/user@" + machine.user().uid() + ".service");
    }

    /// The lowest folder on the way down that still has the controller.
    private static String lastWith(Machine machine, List<String> layers, String controller) {
        return layers.stream()
                .takeWhile(l -> machine.words(l + "/cgroup.controllers").contains(controller))
                .reduce((a, b) -> b)
                .orElse(ROOT);
    }

    private static Remedy delegate() {
        return Remedy.root(
                        "mkdir -p " + DROP_IN.substring(0, DROP_IN.lastIndexOf('/')),
                        "printf '[Service]\\nDelegate=" + String.join(" ", CONTROLLERS) + "\\n' > " + DROP_IN,
                        "systemctl daemon-reload")
                .then("log in again");
    }

    private static Remedy kernelArgument(String argument) {
        String file = "/etc/default/grub";
        String add = "sed -i 's/^GRUB_CMDLINE_LINUX=\"/&" + argument + " /' " + file;
        return Remedy.root(
                        "grep -q " + argument + " " + file + " || " + add,
                        "grep -q " + argument + " " + file + " && update-grub")
                .then("restart the machine");
    }

    /// What the lines of the compatible program say of cgroups, in its words.
    public static List<String> warnings(Machine machine) {
        String file = controllersOfUser(machine);
        String see = "see https://rootlesscontaine.rs/getting-started/common/cgroup2/";
        return Optional.of(machine)
                .filter(m -> m.exists(file))
                .map(m -> missing(m, List.of("cpu", "memory", "pids")).stream()
                        .map(c -> "The cgroup v2 controller \"" + c + "\" is not delegated for the current user (\""
                                + file + "\"), " + see))
                .orElseGet(() -> Stream.of("Enabling cgroup v2 is highly recommended, " + see))
                .toList();
    }
}
