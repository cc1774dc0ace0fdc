// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.KelpException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Kernel parameters of a container: only those that belong to a namespace it has for itself.
final class Sysctls {
    private static final Set<String> IPC = Set.of(
            "kernel.msgmax",
            "kernel.msgmnb",
            "kernel.msgmni",
            "kernel.sem",
            "kernel.shmall",
            "kernel.shmmax",
            "kernel.shmmni",
            "kernel.shm_rmid_forced");

    private Sysctls() {}

    /// Checks what was asked for and adds what a network namespace of its own gets: unprivileged ports from 0 and
    /// ping
    /// without CAP_NET_RAW.
    static Map<String, String> forContainer(Map<String, String> asked, boolean ownNet, boolean ownIpc, boolean ownUts) {
        Map<String, String> all = new TreeMap<>();
        if (ownNet) {
            all.put("net.ipv4.ip_unprivileged_port_start", "0");
            all.put("net.ipv4.ping_group_range", "0 0");
        }
        asked.forEach((given, value) -> {
            // sysctl(8) takes both forms; a dot inside a network device's name is written as a slash
            String name = given.contains("/") && !given.contains(".") ? given.replace('/', '.') : given;
            if (name.contains("..") || name.startsWith(".") || name.contains("\n") || value.contains("\n")) {
                throw KelpException.invalid("sysctl `" + given + "`: not the name of a kernel parameter");
            }
            boolean ipc = IPC.contains(name) || name.startsWith("fs.mqueue.");
            boolean net = name.startsWith("net.");
            boolean uts = name.equals("kernel.domainname");
            if (!ipc && !net && !uts) {
                throw KelpException.invalid("sysctl `" + given + "` does not belong to a namespace of the container");
            }
            check(given, net && !ownNet, "network");
            check(given, ipc && !ownIpc, "ipc");
            check(given, uts && !ownUts, "uts");
            all.put(name, value);
        });
        return all;
    }

    private static void check(String name, boolean shared, String namespace) {
        if (shared) {
            throw KelpException.invalid(
                    "sysctl `" + name + "` cannot be set: the container shares the " + namespace + " namespace");
        }
    }
}
