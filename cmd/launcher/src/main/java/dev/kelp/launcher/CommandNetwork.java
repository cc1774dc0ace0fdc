// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.launcher.api.LauncherInfo;
import dev.kelp.launcher.port.BuiltinPorts;
import dev.kelp.launcher.port.PortDriver;
import dev.kelp.launcher.port.Slirp4netnsPorts;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.network.HostPrograms;
import dev.kelp.network.Outbound;
import dev.kelp.network.OutboundDriver;
import dev.kelp.rootless.Spawner;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The command's network namespace with its way out and its published ports.
final class CommandNetwork implements AutoCloseable {
    private static final String SLIRP_SOCKET = ".s4nn.sock";

    private final Settings settings;
    private final CallerEnvironment caller;
    private final StateDirectory state;
    private final Console console;
    private final HostPrograms programs;
    private final DetachedNamespace namespace;
    private @Nullable Outbound outbound;
    private OutboundDriver.@Nullable Running running;
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

    private OutboundDriver.Options options() {
        boolean slirp = settings.net().equals("slirp4netns");
        boolean sandbox = slirp && wanted(Flag.SLIRP4NETNS_SANDBOX) && !settings.detached();
        Optional<Path> control =
                settings.portDriver().equals("slirp4netns") ? Optional.of(state.file(SLIRP_SOCKET)) : Optional.empty();
        return new OutboundDriver.Options(
                settings.mtu(),
                settings.ipv6(),
                !settings.on(Flag.DISABLE_HOST_LOOPBACK),
                Optional.of(settings.cidr().orElse(OutboundDriver.CIDR_DEFAULT)),
                sandbox,
                new OutboundDriver.Special(
                        settings.net().equals("gvisor-tap-vsock") ? Optional.empty() : Optional.of(program()),
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
            case "slirp4netns" -> slirp4netnsPorts();
            default -> null;
        };
        if (ports != null) {
            settings.publish().forEach(ports::add);
        }
    }

    private PortDriver slirp4netnsPorts() {
        var made = new Slirp4netnsPorts(state.file(SLIRP_SOCKET), started().address());
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
        return running == null ? List.of() : running.nameServers();
    }

    Optional<PortDriver> ports() {
        return Optional.ofNullable(ports);
    }

    LauncherInfo.@Nullable NetworkDriver info() {
        if (settings.usesHostNetwork()) {
            return null;
        }
        if (running == null) {
            return new LauncherInfo.NetworkDriver(settings.net(), List.of(), null, null);
        }
        List<String> dns =
                running.nameServers().stream().map(InetAddress::getHostAddress).toList();
        return new LauncherInfo.NetworkDriver(
                settings.net(), dns, running.address().getHostAddress(), null);
    }

    @Override
    public void close() {
        if (ports != null) {
            ports.close();
        }
        if (outbound != null) {
            outbound.close();
        }
        namespace.close();
    }
}
