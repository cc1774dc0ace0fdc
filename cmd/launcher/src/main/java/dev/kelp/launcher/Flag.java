// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import java.util.Optional;
import java.util.stream.Stream;

/// The flags of `rootlesskit`: names, kinds and defaults are RootlessKit's, which scripts rely on.
enum Flag {
    DEBUG(Kind.SWITCH, "false", Group.MISC, "say what is done"),
    PRINT_SEMVER(Kind.TEXT, "", Group.MISC, "print one number of the version: major, minor or patch"),
    HELP(Kind.SWITCH, "false", Group.MISC, "print this (also -h)"),
    VERSION(Kind.SWITCH, "false", Group.MISC, "print the version (also -v)"),
    STATE_DIR(
            Kind.TEXT,
            "",
            Group.STATE,
            "the folder for lock, child_pid, api.sock and netns (default: a new one in /tmp)"),
    NET(
            Kind.TEXT,
            "host",
            Group.NETWORK,
            "network driver: host, none, slirp4netns, pasta, vpnkit, lxc-user-nic or gvisor-tap-vsock"),
    MTU(Kind.NUMBER, "0", Group.NETWORK, "MTU of a network that is not the host's (default: the driver's best)"),
    CIDR(Kind.TEXT, "", Group.NETWORK, "network of slirp4netns, pasta or gvisor-tap-vsock (default: 10.0.2.0/24)"),
    IFNAME(Kind.TEXT, "", Group.NETWORK, "name of the interface (default: tap0, with lxc-user-nic eth0)"),
    DISABLE_HOST_LOOPBACK(Kind.SWITCH, "false", Group.NETWORK, "keep services on the host's 127.0.0.1 out of reach"),
    IPV6(Kind.SWITCH, "false", Group.NETWORK, "a way out for IPv6, with slirp4netns and pasta"),
    DETACH_NETNS(
            Kind.SWITCH,
            "false",
            Group.NETWORK,
            "leave the command in the host's network and keep the new one as netns in the state directory"),
    PASTA_BINARY(Kind.TEXT, "pasta", Group.PASTA, "pasta's program"),
    SLIRP4NETNS_BINARY(Kind.TEXT, "slirp4netns", Group.SLIRP4NETNS, "slirp4netns' program"),
    SLIRP4NETNS_SANDBOX(
            Kind.TEXT, "false", Group.SLIRP4NETNS, "a mount namespace for slirp4netns: auto, true or false"),
    SLIRP4NETNS_SECCOMP(Kind.TEXT, "false", Group.SLIRP4NETNS, "a seccomp filter for slirp4netns: auto, true or false"),
    VPNKIT_BINARY(Kind.TEXT, "vpnkit", Group.VPNKIT, "VPNKit's program"),
    LXC_USER_NIC_BINARY(Kind.TEXT, "", Group.LXC_USER_NIC, "lxc-user-nic's program (default: where LXC installs it)"),
    LXC_USER_NIC_BRIDGE(Kind.TEXT, "lxcbr0", Group.LXC_USER_NIC, "the host's bridge to connect to"),
    COPY_UP(Kind.LIST, "", Group.MOUNT, "make a folder writable: a tmpfs with symbolic links to what was there"),
    COPY_UP_MODE(Kind.TEXT, "tmpfs+symlink", Group.MOUNT, "how folders are copied up: tmpfs+symlink"),
    PROPAGATION(Kind.TEXT, "rprivate", Group.MOUNT, "mount propagation: rprivate or rslave"),
    PORT_DRIVER(
            Kind.TEXT,
            "none",
            Group.PORT,
            "how ports are published: none, implicit (pasta), builtin, slirp4netns or gvisor-tap-vsock"),
    PUBLISH(Kind.LIST, "", Group.PORT, "publish a port, as 127.0.0.1:8080:80/tcp (also -p)"),
    SOURCE_IP_TRANSPARENT(
            Kind.SWITCH, "true", Group.PORT, "show services the client's own address (builtin driver, TCP)"),
    PIDNS(Kind.SWITCH, "false", Group.PROCESS, "a PID namespace"),
    CGROUPNS(Kind.SWITCH, "false", Group.PROCESS, "a cgroup namespace"),
    UTSNS(Kind.SWITCH, "false", Group.PROCESS, "a UTS namespace"),
    IPCNS(Kind.SWITCH, "false", Group.PROCESS, "an IPC namespace"),
    REAPER(Kind.TEXT, "auto", Group.PROCESS, "reap orphans, with --pidns: auto, true or false"),
    EVACUATE_CGROUP2(
            Kind.TEXT, "", Group.PROCESS, "move processes into this subgroup first; needs --pidns and --cgroupns"),
    SUBID_SOURCE(
            Kind.TEXT, "auto", Group.SUBID, "subordinate ids from getsubids (dynamic), /etc/subuid (static) or auto");

    /// What follows the name.
    enum Kind {
        SWITCH,
        TEXT,
        NUMBER,
        LIST
    }

    /// The headings of the help page.
    enum Group {
        MISC("Misc"),
        MOUNT("Mount"),
        NETWORK("Network"),
        LXC_USER_NIC("Network [lxc-user-nic]"),
        PASTA("Network [pasta]"),
        SLIRP4NETNS("Network [slirp4netns]"),
        VPNKIT("Network [vpnkit]"),
        PORT("Port"),
        PROCESS("Process"),
        STATE("State"),
        SUBID("SubID");

        private final String title;

        Group(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    private final Kind kind;
    private final String byDefault;
    private final Group group;
    private final String meaning;

    Flag(Kind kind, String byDefault, Group group, String meaning) {
        this.kind = kind;
        this.byDefault = byDefault;
        this.group = group;
        this.meaning = meaning;
    }

    Kind kind() {
        return kind;
    }

    String byDefault() {
        return byDefault;
    }

    Group group() {
        return group;
    }

    String meaning() {
        return meaning;
    }

    /// As typed, without dashes.
    String word() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }

    static Optional<Flag> named(String word) {
        return switch (word) {
            case "h" -> Optional.of(HELP);
            case "v" -> Optional.of(VERSION);
            case "p" -> Optional.of(PUBLISH);
            default -> Stream.of(values()).filter(f -> f.word().equals(word)).findFirst();
        };
    }
}
