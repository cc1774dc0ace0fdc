// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.Rtnetlink.Link;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// pasta(1): no address translation by itself, the namespace gets a copy of the host's address and routes.
final class Pasta implements OutboundDriver {
    private static final int MTU_BEST = 65520;

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
        Path program = HostPrograms.require(name(), "passt");
        List<String> argv = new ArrayList<>(List.of(
                program.toString(),
                "--foreground",
                "--quiet",
                "--config-net",
                "--netns-only",
                // root of the namespace is the user; as nobody pasta could not enter the other one
                "--runas",
                "0",
                "--ns-ifname",
                DEVICE,
                "--mtu",
                Integer.toString(options.mtu() == 0 ? MTU_BEST : options.mtu()),
                // ports are published by Kelp, and the host's loopback is nobody's business unless asked for
                "--tcp-ports",
                "none",
                "--udp-ports",
                "none",
                "--tcp-ns",
                "none",
                "--udp-ns",
                "none"));
        if (!options.hostLoopback()) {
            argv.add("--no-map-gw");
        }
        if (!options.ipv6()) {
            argv.add("--ipv4-only");
        }
        argv.addAll(List.of("--netns", DriverProcess.NAMESPACE_PATH));
        var process = DriverProcess.start(
                new DriverProcess.Job(programs, namespace, argv),
                -1,
                () -> address(namespace.links()).isPresent());
        InetAddress own = address(namespace.links())
                .orElseThrow(() -> new KelpException(ErrorKind.UNAVAILABLE, "pasta ended while it was asked"));
        return new Running(process, own, own);
    }

    private static Optional<InetAddress> address(Rtnetlink links) {
        try {
            Optional<Link> tap = links.find(DEVICE).filter(Link::up);
            if (tap.isEmpty()) {
                return Optional.empty();
            }
            return links.addresses().stream()
                    .filter(a -> a.link() == tap.get().index())
                    .map(Address::address)
                    .filter(a -> a instanceof Inet4Address)
                    .findFirst();
        } catch (ErrnoException e) {
            throw e.toKelp("look at the device of pasta");
        }
    }
}
