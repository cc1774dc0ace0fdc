// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// VPNKit, of Docker's desktops: RootlessKit's second choice. Its network is its own.
final class Vpnkit implements OutboundDriver {
    static final String NAME = "vpnkit";
    private static final Subnet NETWORK = Subnet.parse("192.168.65.0/24");
    private static final InetAddress GATEWAY = NETWORK.address(1);
    private static final InetAddress OWN = NETWORK.address(3);

    private final HostPrograms programs;

    Vpnkit(HostPrograms programs) {
        this.programs = programs;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean isInstalled() {
        return HostPrograms.find(NAME).isPresent();
    }

    @Override
    public Running start(DetachedNamespace namespace, Options options) {
        Path program = options.special()
                .program()
                .or(() -> HostPrograms.find(NAME))
                .orElseThrow(() -> new KelpException(ErrorKind.NOT_FOUND, NAME + " is not installed")
                        .withHint("no distribution has it: build github.com/moby/vpnkit, or use slirp4netns or pasta"));
        var service = new VpnkitService(programs, namespace, socket -> {
            List<String> argv = new ArrayList<>(List.of(
                    program.toString(),
                    "--ethernet",
                    socket.toString(),
                    "--mtu",
                    Integer.toString(VpnkitService.mtu(options))));
            if (!options.hostLoopback()) {
                argv.addAll(List.of("--host-ip", "0.0.0.0"));
            }
            return argv;
        });
        return new Running(service.start(options, OWN, GATEWAY, frame -> true), OWN, GATEWAY, List.of(GATEWAY));
    }
}
