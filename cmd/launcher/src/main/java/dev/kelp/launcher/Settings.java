// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.launcher.port.PortSpec;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What a command line asks for, checked: flags that exclude each other are refused as RootlessKit refuses them.
final class Settings {
    private static final int MTU_MAX = 65521;
    private static final Set<String> NETWORKS =
            Set.of("host", "none", "slirp4netns", "pasta", "vpnkit", "lxc-user-nic", "gvisor-tap-vsock");
    private static final Set<String> PORT_DRIVERS =
            Set.of("none", "implicit", "builtin", "slirp4netns", "gvisor-tap-vsock");
    private static final Set<String> EXPERIMENTAL = Set.of("lxc-user-nic", "gvisor-tap-vsock", "pasta");

    private final Arguments arguments;
    private final Optional<Subnet> cidr;
    private final List<PortSpec> publish;

    private Settings(Arguments arguments) {
        this.arguments = arguments;
        this.cidr = cidr(arguments.text(Flag.CIDR));
        this.publish =
                arguments.list(Flag.PUBLISH).stream().map(PortSpec::parse).toList();
    }

    /// @throws KelpException INVALID_ARGUMENT
    static Settings check(Arguments arguments) {
        Settings settings = new Settings(arguments);
        settings.checkProcess();
        settings.checkMounts();
        settings.checkNetwork();
        settings.checkPorts();
        return settings;
    }

    private static Optional<Subnet> cidr(String text) {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Subnet subnet = Subnet.parse(text);
        if (!text.equals(subnet.toString())) {
            throw KelpException.invalid("--cidr=" + text + " has bits of a host: it should be " + subnet);
        }
        if (subnet.isIpv6() || subnet.prefixBits() > 25) {
            throw KelpException.invalid("--cidr=" + text + " must be an IPv4 network of 128 addresses or more");
        }
        return Optional.of(subnet);
    }

    private void checkProcess() {
        if (!evacuate().isEmpty()) {
            require(on(Flag.CGROUPNS), "--evacuate-cgroup2 requires --cgroupns");
            require(on(Flag.PIDNS), "--evacuate-cgroup2 requires --pidns");
            require(!evacuate().contains("/"), "--evacuate-cgroup2 takes a name without \"/\"");
        }
        oneOf(Flag.REAPER, Set.of("auto", "true", "false"));
        require(on(Flag.PIDNS) || !text(Flag.REAPER).equals("true"), "--reaper=true requires --pidns");
        oneOf(Flag.SUBID_SOURCE, Set.of("auto", "dynamic", "static"));
    }

    private void checkMounts() {
        oneOf(Flag.COPY_UP_MODE, Set.of("tmpfs+symlink"));
        boolean shared = propagation().equals("shared") || propagation().equals("rshared");
        require(
                copyUp().isEmpty() || !shared,
                "--propagation=" + propagation() + " does not go with --copy-up: what is mounted would reach the host");
        for (String folder : copyUp()) {
            require(folder.startsWith("/"), "--copy-up=" + folder + " must be an absolute path");
        }
    }

    private void checkNetwork() {
        oneOf(Flag.NET, NETWORKS);
        int mtu = arguments.number(Flag.MTU);
        require(mtu >= 0 && mtu <= MTU_MAX, "--mtu must be from 0 to " + MTU_MAX + ", and not " + mtu);
        require(!ifname().contains("/") && ifname().length() <= 15, "--ifname=" + ifname() + " is no interface's name");
        boolean isolated = !usesHostNetwork() && !net().equals("none");
        require(isolated || ifname().isEmpty(), "--ifname does not go with --net=" + net());
        boolean chooses = Set.of("slirp4netns", "pasta", "gvisor-tap-vsock").contains(net());
        require(cidr.isEmpty() || chooses, "--cidr does not go with --net=" + net());
        oneOf(Flag.SLIRP4NETNS_SANDBOX, Set.of("auto", "true", "false", ""));
        oneOf(Flag.SLIRP4NETNS_SECCOMP, Set.of("auto", "true", "false", ""));
        require(
                !on(Flag.DETACH_NETNS) || !text(Flag.SLIRP4NETNS_SANDBOX).equals("true"),
                "--slirp4netns-sandbox=true does not go with --detach-netns");
        require(!ipv6() || !net().equals("gvisor-tap-vsock"), "--ipv6 does not go with --net=gvisor-tap-vsock");
    }

    private void checkPorts() {
        oneOf(Flag.PORT_DRIVER, PORT_DRIVERS);
        String driver = portDriver();
        require(
                publish.isEmpty() || !driver.equals("none"),
                "port driver \"none\" does not publish: use --port-driver");
        require(
                publish.isEmpty() || !driver.equals("implicit"),
                "port driver \"implicit\" publishes what is listened on by itself: leave out --publish");
        require(!net().equals("none") || driver.equals("none") || driver.equals("builtin"), refusal("none", driver));
        require(!net().equals("pasta") || driver.equals("none") || driver.equals("implicit"), refusal("pasta", driver));
        require(!driver.equals("implicit") || net().equals("pasta"), refusal(net(), driver));
        require(!driver.equals("slirp4netns") || net().equals("slirp4netns"), refusal(net(), driver));
        require(!driver.equals("gvisor-tap-vsock") || net().equals("gvisor-tap-vsock"), refusal(net(), driver));
        require(!driver.equals("builtin") || !usesHostNetwork(), refusal("host", driver));
    }

    private static String refusal(String net, String driver) {
        return "port driver \"" + driver + "\" does not go with network \"" + net + "\"";
    }

    private void oneOf(Flag flag, Set<String> values) {
        require(values.contains(text(flag)), "unknown value \"" + text(flag) + "\" of --" + flag.word());
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw KelpException.invalid(otherwise);
        }
    }

    /// Doubts that are no errors.
    void warn(Console console) {
        boolean isolated = !usesHostNetwork() && !net().equals("none");
        if (isolated && !on(Flag.DISABLE_HOST_LOOPBACK) && !net().equals("lxc-user-nic")) {
            console.warn(
                    "services on the host's 127.0.0.1 can be reached from inside; --disable-host-loopback forbids it");
        }
        if (portDriver().equals("implicit") && on(Flag.DISABLE_HOST_LOOPBACK)) {
            console.warn(
                    "with --port-driver=implicit pasta shows services on the host's 127.0.0.1 on the inner one too");
        }
        if (ipv6() && !net().equals("slirp4netns") && !net().equals("pasta")) {
            console.warn("--ipv6 has no effect with --net=" + net());
        }
        if (arguments.number(Flag.MTU) != 0 && !isolated) {
            console.warn("--mtu has no effect with --net=" + net());
        }
        if (EXPERIMENTAL.contains(net())) {
            console.debug("network driver " + net() + " is experimental in RootlessKit");
        }
    }

    boolean on(Flag flag) {
        return arguments.on(flag);
    }

    String text(Flag flag) {
        return arguments.text(flag);
    }

    String net() {
        return text(Flag.NET);
    }

    boolean usesHostNetwork() {
        return net().equals("host");
    }

    /// Whether there is a network namespace beside the host's.
    boolean hasOwnNetwork() {
        return !usesHostNetwork() || detached();
    }

    boolean detached() {
        return on(Flag.DETACH_NETNS);
    }

    int mtu() {
        return arguments.number(Flag.MTU);
    }

    Optional<Subnet> cidr() {
        return cidr;
    }

    String ifname() {
        return text(Flag.IFNAME);
    }

    boolean ipv6() {
        return on(Flag.IPV6);
    }

    List<String> copyUp() {
        return arguments.list(Flag.COPY_UP);
    }

    String propagation() {
        return text(Flag.PROPAGATION);
    }

    String portDriver() {
        return text(Flag.PORT_DRIVER);
    }

    List<PortSpec> publish() {
        return publish;
    }

    String evacuate() {
        return text(Flag.EVACUATE_CGROUP2);
    }

    boolean reaps() {
        return on(Flag.PIDNS) && !text(Flag.REAPER).equals("false");
    }

    int firstWord() {
        return arguments.firstWord();
    }

    String command() {
        return arguments.command();
    }
}
