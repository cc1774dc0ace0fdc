// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.launcher.api.LauncherInfo;
import dev.kelp.launcher.port.BuiltinPorts;
import dev.kelp.launcher.port.DriverPorts;
import dev.kelp.launcher.port.PortDriver;
import dev.kelp.linux.Fd;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.network.HostPrograms;
import dev.kelp.network.LxcUserNic;
import dev.kelp.network.Outbound;
import dev.kelp.network.OutboundDriver;
import dev.kelp.network.OutsideShell;
import dev.kelp.rootless.Spawner;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The command's network namespace with its way out and its published ports.
final class CommandNetwork implements AutoCloseable {
    private static final String CONTROL_SOCKET = ".s4nn.sock";

    /// The descriptor of the shell outside of the user namespace.
    private static final int OUTSIDE = 4;

    /// Port drivers that are network drivers and are asked at a socket.
    private static final Set<String> DRIVERS_OWN = Set.of("slirp4netns", "gvisor-tap-vsock");

    private final Settings settings;
    private final CallerEnvironment caller;
    private final StateDirectory state;
    private final Console console;
    private final HostPrograms programs;
    private final DetachedNamespace namespace;
    private @Nullable Outbound outbound;
    private OutboundDriver.@Nullable Running running;
    private @Nullable LxcUserNic bridged;
    private @Nullable PortDriver ports;

    private CommandNetwork(Parts parts, Spawner spawner) {
        this.settings = parts.settings();
        this.caller = parts.caller();
        this.state = parts.state();
        this.console = parts.console();
        this.programs = new HostPrograms(spawner);
        this.namespace = DetachedNamespace.createPlain();
    }

    /// What a network is made from.
    record Parts(Settings settings, CallerEnvironment caller, StateDirectory state, Console console) {}

    /// Makes it and opens the ports of the command line.
    static CommandNetwork open(Parts parts, Spawner spawner) {
        CommandNetwork network = new CommandNetwork(parts, spawner);
        try {
            network.connect();
            network.publish();
            return network;
        } catch (KelpException e) {
            network.close();
            throw e;
        }
    }

    private void connect() {
        if (settings.usesHostNetwork() || settings.net().equals("none")) {
            return;
        }
        if (settings.net().equals(LxcUserNic.NAME)) {
            bridged = bridged();
            return;
        }
        OutboundDriver driver = OutboundDriver.all(programs).stream()
                .filter(d -> d.name().equals(settings.net()))
                .findFirst()
                .orElseThrow(() -> new KelpException(
                                ErrorKind.UNSUPPORTED,
                                "use network driver \"" + settings.net() + "\": it is not one of Kelp's")
                        .withHint("use one of " + String.join(", ", OutboundDriver.NAMES)));
        var choice = new Outbound.Choice(driver, options());
        outbound = new Outbound(
                namespace,
                programs,
                choice,
                work -> Thread.ofPlatform().name("kelp-outbound").daemon(true).start(work));
        outbound.ensure();
        running = outbound.started().orElseThrow();
        console.debug("network driver " + driver.name() + " works, pid "
                + running.process().pid());
    }

    private LxcUserNic bridged() {
        String named = settings.text(Flag.LXC_USER_NIC_BINARY);
        Path program = (named.isEmpty() ? LxcUserNic.installed() : caller.find(named))
                .orElseThrow(() -> new KelpException(
                                ErrorKind.NOT_FOUND,
                                named.isEmpty() ? "lxc-user-nic is not installed" : "find " + named + ": not in PATH")
                        .withHint("apt-get install lxc"));
        String device = settings.ifname().isEmpty() ? LxcUserNic.DEVICE : settings.ifname();
        var wish = new LxcUserNic.Wish(program, settings.text(Flag.LXC_USER_NIC_BRIDGE), device, settings.mtu());
        LxcUserNic made;
        try (OutsideShell shell = new OutsideShell(Fd.own(OUTSIDE))) {
            made = LxcUserNic.connect(namespace, wish, shell);
        }
        console.debug("the bridge " + wish.bridge() + " gave " + made.lease());
        return made;
    }

    private OutboundDriver.Options options() {
        boolean slirp = settings.net().equals("slirp4netns");
        boolean sandbox = slirp && wanted(Flag.SLIRP4NETNS_SANDBOX) && !settings.detached();
        Optional<Path> control = DRIVERS_OWN.contains(settings.portDriver())
                ? Optional.of(state.file(CONTROL_SOCKET))
                : Optional.empty();
        return new OutboundDriver.Options(
                settings.mtu(),
                settings.ipv6(),
                !settings.on(Flag.DISABLE_HOST_LOOPBACK),
                Optional.of(settings.cidr().orElse(OutboundDriver.CIDR_DEFAULT)),
                sandbox,
                new OutboundDriver.Special(
                        settings.net().equals("gvisor-tap-vsock") ? caller.find("gvproxy") : Optional.of(program()),
                        settings.ifname().isEmpty() ? OutboundDriver.DEVICE : settings.ifname(),
                        slirp && wanted(Flag.SLIRP4NETNS_SECCOMP),
                        control,
                        settings.portDriver().equals("implicit")));
    }

    private boolean wanted(Flag flag) {
        return settings.text(flag).equals("auto") || settings.text(flag).equals("true");
    }

    private Path program() {
        return switch (settings.net()) {
            case "pasta" -> program(Flag.PASTA_BINARY, "apt-get install passt");
            case "vpnkit" ->
                program(Flag.VPNKIT_BINARY, "no distribution has it: build github.com/moby/vpnkit, or use slirp4netns");
            default -> program(Flag.SLIRP4NETNS_BINARY, "apt-get install slirp4netns");
        };
    }

    private Path program(Flag flag, String hint) {
        String name = settings.text(flag);
        return caller.find(name)
                .orElseThrow(() -> new KelpException(
                                ErrorKind.NOT_FOUND, "find " + name + " for --net=" + settings.net() + ": not in PATH")
                        .withHint(hint));
    }

    private void publish() {
        ports = switch (settings.portDriver()) {
            case "builtin" -> new BuiltinPorts(namespace, showsClients());
            case "slirp4netns" ->
                restored(DriverPorts.ofSlirp4netns(
                        state.file(CONTROL_SOCKET), started().address()));
            case "gvisor-tap-vsock" ->
                restored(DriverPorts.ofGvisorTapVsock(
                        state.file(CONTROL_SOCKET), started().address()));
            default -> null;
        };
        if (ports != null) {
            settings.publish().forEach(ports::add);
        }
    }

    /// With the same ports again when the network driver starts anew.
    private PortDriver restored(DriverPorts made) {
        if (outbound != null) {
            outbound.afterStart(made::restore);
        }
        return made;
    }

    private boolean showsClients() {
        if (!settings.on(Flag.SOURCE_IP_TRANSPARENT)) {
            return false;
        }
        try {
            namespace.showClients(programs);
            return true;
        } catch (KelpException e) {
            console.warn("services will not see their clients' addresses: " + e.getMessage());
            return false;
        }
    }

    private OutboundDriver.Running started() {
        if (running == null) {
            throw new IllegalStateException("no driver was started");
        }
        return running;
    }

    DetachedNamespace namespace() {
        return namespace;
    }

    List<InetAddress> nameServers() {
        if (bridged != null) {
            return bridged.lease().nameServers();
        }
        return running == null ? List.of() : running.nameServers();
    }

    Optional<PortDriver> ports() {
        return Optional.ofNullable(ports);
    }

    LauncherInfo.@Nullable NetworkDriver info() {
        if (settings.usesHostNetwork()) {
            return null;
        }
        if (bridged != null) {
            return new LauncherInfo.NetworkDriver(settings.net(), dns(nameServers()), null, true);
        }
        if (running == null) {
            return new LauncherInfo.NetworkDriver(settings.net(), List.of(), null, null);
        }
        return new LauncherInfo.NetworkDriver(
                settings.net(), dns(running.nameServers()), running.address().getHostAddress(), null);
    }

    private static List<String> dns(List<InetAddress> servers) {
        return servers.stream().map(InetAddress::getHostAddress).toList();
    }

    @Override
    public void close() {
        if (ports != null) {
            ports.close();
        }
        if (outbound != null) {
            outbound.close();
        }
        if (bridged != null) {
            bridged.close();
        }
        namespace.close();
    }
}
