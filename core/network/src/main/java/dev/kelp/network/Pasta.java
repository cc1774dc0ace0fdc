// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.Rtnetlink.Link;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// pasta(1): no address translation by itself, the namespace gets a copy of the host's address and routes.
final class Pasta implements OutboundDriver {
    private static final int MTU_BEST = 65520;
    private static final long OWN_OFFSET = 100;
    private static final long GATEWAY_OFFSET = 2;
    private static final long NAME_SERVER_OFFSET = 3;

    private static final String DNS_FORWARD = "--dns-forward";

    private final HostPrograms programs;

    Pasta(HostPrograms programs) {
        this.programs = programs;
    }

    @Override
    public String name() {
        return "pasta";
    }

    @Override
    public boolean isInstalled() {
        return HostPrograms.find(name()).isPresent();
    }

    @Override
    public Running start(DetachedNamespace namespace, Options options) {
        Special special = options.special();
        Path program = special.program().orElseGet(() -> HostPrograms.require(name(), "passt"));
        List<String> argv = new ArrayList<>(List.of(
                program.toString(),
                "--foreground",
                "--quiet",
                "--config-net",
                "--netns-only",
                // root of the namespace is the user; as nobody pasta could not enter the other one
                "--runas",
                "0"));
        Words words = new Words(argv, special.arguments());
        words.say("-I", "--ns-ifname", special.device());
        words.say("-m", "--mtu", Integer.toString(options.mtu() == 0 ? MTU_BEST : options.mtu()));
        // ports are published by Kelp, and the host's loopback is nobody's business unless asked for
        String open = special.openPorts() ? "auto" : "none";
        words.say("-t", "--tcp-ports", open);
        words.say("-u", "--udp-ports", open);
        // earlier versions look for ports that are listened on inside only if they look outside as well
        words.say("-T", "--tcp-ns", open);
        words.say("-U", "--udp-ns", "none");
        if (!options.hostLoopback()) {
            argv.add("--no-map-gw");
        }
        if (!options.ipv6()) {
            argv.add("--ipv4-only");
        }
        options.cidr().ifPresent(cidr -> argv.addAll(addressing(cidr)));
        argv.addAll(special.arguments());
        argv.addAll(List.of("--netns", DriverProcess.NAMESPACE_PATH));
        var process = DriverProcess.start(
                new DriverProcess.Job(programs, namespace, special.key(), argv),
                -1,
                () -> address(namespace.links(), special.device()).isPresent());
        InetAddress own = address(namespace.links(), special.device())
                .orElseThrow(() -> new KelpException(ErrorKind.UNAVAILABLE, "pasta ended while it was asked"));
        InetAddress gateway = options.cidr().map(c -> c.address(GATEWAY_OFFSET)).orElse(own);
        return new Running(process, own, gateway, nameServers(options));
    }

    /// A command line to which a user's own words are added: what they say is not said before them, for pasta takes
    /// few options twice.
    private record Words(List<String> argv, List<String> users) {
        void say(String letter, String option, String value) {
            if (users.stream().noneMatch(u -> u.equals(letter) || u.equals(option) || u.startsWith(option + "="))) {
                argv.addAll(List.of(option, value));
            }
        }
    }

    private static List<InetAddress> nameServers(Options options) {
        List<String> users = options.special().arguments();
        int forward = users.indexOf(DNS_FORWARD);
        if (forward >= 0 && forward + 1 < users.size()) {
            return List.of(Subnet.parseAddress(users.get(forward + 1)));
        }
        return options.cidr().map(c -> c.address(NAME_SERVER_OFFSET)).stream().toList();
    }

    /// A network of its own instead of the host's, laid out as slirp4netns does.
    private static List<String> addressing(Subnet cidr) {
        return List.of(
                "--address",
                cidr.address(OWN_OFFSET).getHostAddress(),
                "--netmask",
                Integer.toString(cidr.prefixBits()),
                "--gateway",
                cidr.address(GATEWAY_OFFSET).getHostAddress(),
                DNS_FORWARD,
                cidr.address(NAME_SERVER_OFFSET).getHostAddress());
    }

    private static Optional<InetAddress> address(Rtnetlink links, String device) {
        try {
            Optional<Link> tap = links.find(device).filter(Link::up);
            if (tap.isEmpty()) {
                return Optional.empty();
            }
            return links.addresses().stream()
                    .filter(a -> a.link() == tap.get().index())
                    .map(Address::address)
                    .filter(a -> !a.isLinkLocalAddress())
                    .min(Comparator.comparing(a -> !(a instanceof Inet4Address)));
        } catch (ErrnoException e) {
            throw e.toKelp("look at the device of pasta");
        }
    }
}
