// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

/// Settings of the kernel for networks.
final class SettingChecks {
    private static final String GROUPS = "/proc/sys/net/ipv4/ping_group_range";
    private static final String PORTS = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
    private static final long HTTP = 80;

    private SettingChecks() {}

    static Finding ping(Machine machine) {
        String[] range = machine.text(GROUPS).orElse("1 0").strip().split("\\s+");
        boolean open = range.length == 2
                && range[0].matches("\\d{1,10}")
                && range[1].matches("\\d{1,10}")
                && Long.parseLong(range[0]) <= Long.parseLong(range[1]);
        return open
                ? Finding.ok("ping", "groups " + range[0] + " to " + range[1])
                : Finding.note(
                        "ping",
                        "net.ipv4.ping_group_range is empty: ping in a container needs --cap-add=NET_RAW",
                        Remedy.sysctl("net.ipv4.ping_group_range", "0 2147483647"));
    }

    static Finding ports(Machine machine) {
        long first = machine.number(PORTS).orElse(1024);
        return first <= HTTP || machine.user().isRoot()
                ? Finding.ok("ports", machine.user().isRoot() ? "all" : "from " + first)
                : Finding.note(
                        "ports",
                        "below " + first + " cannot be published",
                        Remedy.sysctl("net.ipv4.ip_unprivileged_port_start", Long.toString(HTTP)));
    }
}
