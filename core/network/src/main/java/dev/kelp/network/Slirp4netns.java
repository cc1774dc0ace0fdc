// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.Rtnetlink.Route;
import dev.kelp.model.network.Subnet;
import dev.kelp.rootless.SpawnedProcess;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// slirp4netns(1): the most widespread of the stacks, and the default of RootlessKit's set-up.
final class Slirp4netns implements OutboundDriver {
    private static final System.Logger LOG = System.getLogger(Slirp4netns.class.getName());
    private static final int MTU_BEST = 65520;
    private static final int READY_FD = 3;
    private static final long OWN_OFFSET = 100;
    private static final long GATEWAY_OFFSET = 2;
    private static final long NAME_SERVER_OFFSET = 3;
    private static final InetAddress NAME_SERVER_IPV6 = Subnet.parseAddress("fd00::3");
    private static final InetAddress GATEWAY_IPV6 = Subnet.parseAddress("fd00::2");
    private static final InetAddress OWN_IPV6 = Subnet.parseAddress("fd00::100");
    private static final int BITS_IPV6 = 64;

    private final HostPrograms programs;

    Slirp4netns(HostPrograms programs) {
        this.programs = programs;
    }

    @Override
    public String name() {
        return "slirp4netns";
    }

    @Override
    public boolean isInstalled() {
        return HostPrograms.find(name()).isPresent();
    }

    @Override
    public Running start(DetachedNamespace namespace, Options options) {
        Path program = options.special().program().orElseGet(() -> HostPrograms.require(name(), name()));
        List<String> argv = new ArrayList<>(List.of(
                program.toString(),
                "--configure",
                "--mtu=" + (options.mtu() == 0 ? MTU_BEST : options.mtu()),
                "--ready-fd=" + READY_FD,
                "--netns-type=path"));
        if (!options.hostLoopback()) {
            argv.add("--disable-host-loopback");
        }
        if (options.ipv6()) {
            argv.add("--enable-ipv6");
        }
        if (options.sandbox()) {
            argv.add("--enable-sandbox");
        }
        if (options.special().seccomp()) {
            argv.add("--enable-seccomp");
        }
        options.special().control().ifPresent(socket -> argv.add("--api-socket=" + socket));
        argv.addAll(options.special().arguments());
        Subnet cidr = options.cidr().orElse(CIDR_DEFAULT);
        argv.addAll(List.of(
                "--cidr=" + cidr,
                DriverProcess.NAMESPACE_PATH,
                options.special().device()));
        SpawnedProcess process = DriverProcess.start(
                new DriverProcess.Job(programs, namespace, options.special().key(), argv), READY_FD, () -> false);
        if (options.ipv6()) {
            connectIpv6(namespace.links(), options.special().device());
        }
        return new Running(process, own(cidr), cidr.address(GATEWAY_OFFSET), nameServers(cidr, options.ipv6()));
    }

    /// It advertises itself as a router, which a namespace that forwards does not listen to.
    private static void connectIpv6(Rtnetlink links, String device) {
        try {
            int link = links.index(device);
            links.addAddress(new Address(link, OWN_IPV6, BITS_IPV6));
            links.addRoute(Route.byDefault(GATEWAY_IPV6, link));
        } catch (ErrnoException e) {
            LOG.log(Level.WARNING, "there is no way out by IPv6: {0}", e.getMessage());
        }
    }

    static InetAddress own(Subnet cidr) {
        return cidr.address(OWN_OFFSET);
    }

    private static List<InetAddress> nameServers(Subnet cidr, boolean ipv6) {
        InetAddress first = cidr.address(NAME_SERVER_OFFSET);
        return ipv6 ? List.of(first, NAME_SERVER_IPV6) : List.of(first);
    }
}
