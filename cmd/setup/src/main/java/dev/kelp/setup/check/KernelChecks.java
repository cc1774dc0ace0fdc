// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The kernel's version and what it was built with.
final class KernelChecks {
    private static final Pattern VERSION = Pattern.compile("(\\d{1,5})\\.(\\d{1,5})");
    private static final int OVERLAY_MAJOR = 5;
    private static final int OVERLAY_MINOR = 11;
    private static final int LABELLED_OVERLAY_MINOR = 13;

    private KernelChecks() {}

    static Finding version(Machine machine) {
        String release = machine.text("/proc/sys/kernel/osrelease").orElse("").strip();
        Matcher m = VERSION.matcher(release);
        if (!m.find()) {
            return Finding.warning("kernel", "its version is not known (" + release + ")");
        }
        int major = Integer.parseInt(m.group(1));
        int minor = Integer.parseInt(m.group(2));
        int needed = machine.isNumber("/sys/fs/selinux/enforce", 1) ? LABELLED_OVERLAY_MINOR : OVERLAY_MINOR;
        boolean old = major < OVERLAY_MAJOR || major == OVERLAY_MAJOR && minor < needed;
        return old
                ? Finding.warning(
                        "kernel",
                        release + ": overlayfs of an ordinary user came with 5." + needed
                                + "; without it every container copies its image")
                : Finding.ok("kernel", release);
    }

    static Finding seccompNotify(Machine machine) {
        String file = "/proc/sys/kernel/seccomp/actions_avail";
        if (!machine.exists(file)) {
            return Finding.error("seccomp", "the kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)");
        }
        return machine.words(file).contains("user_notif")
                ? Finding.ok("seccomp", "filters, and notification for accelerated networks")
                : Finding.warning("seccomp", "no notification (Linux 5.0): no accelerated networks");
    }

    static Finding fuse(Machine machine) {
        return device(machine, "fuse", "/dev/fuse", "no lazy pulling and no fuse-overlayfs");
    }

    static Finding tun(Machine machine) {
        return device(machine, "tun", "/dev/net/tun", "containers have no way out of the machine");
    }

    private static Finding device(Machine machine, String module, String node, String loss) {
        if (!machine.exists(node)) {
            return Finding.warning(
                    module,
                    node + " is not there: " + loss,
                    Remedy.root("modprobe " + module, "echo " + module + " > /etc/modules-load.d/" + module + ".conf"));
        }
        boolean open = machine.asksForAnother() ? isOpenToAll(machine, node) : machine.isOpen(node);
        return open
                ? Finding.ok(module, node + " can be opened")
                : Finding.warning(
                        module,
                        node + " is closed to " + machine.user().name() + ": " + loss,
                        Remedy.root(
                                "chmod 666 " + node,
                                "echo 'KERNEL==\"" + module + "\", MODE=\"0666\"' > /etc/udev/rules.d/90-kelp-" + module
                                        + ".rules"));
    }

    private static boolean isOpenToAll(Machine machine, String node) {
        return machine.mode(node).stream()
                        .map(Enum::name)
                        .filter(n -> n.startsWith("OTHERS_"))
                        .count()
                >= 2;
    }
}
