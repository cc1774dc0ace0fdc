// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.Subnet;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// gvproxy of gvisor-tap-vsock, which Podman's machines use: spoken to as VPNKit is. Its network is its own.
final class GvisorTapVsock implements OutboundDriver {
    static final String NAME = "gvisor-tap-vsock";
    private static final String PROGRAM = "gvproxy";
    private static final List<Path> PODMANS =
            List.of(Path.of("/usr/libexec/podman/gvproxy"), Path.of("/usr/lib/podman/gvproxy"));
    private static final Subnet NETWORK = Subnet.parse("192.168.127.0/24");
    private static final InetAddress GATEWAY = NETWORK.address(1);
    private static final InetAddress OWN = NETWORK.address(2);
    private static final InetAddress HOST = NETWORK.address(254);

    private final HostPrograms programs;

    GvisorTapVsock(HostPrograms programs) {
        this.programs = programs;
    }

    static Optional<Path> program() {
        return HostPrograms.find(PROGRAM)
                .or(() -> PODMANS.stream().filter(Files::isExecutable).findFirst());
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public boolean isInstalled() {
        return program().isPresent();
    }

    @Override
    public Running start(DetachedNamespace namespace, Options options) {
        Path program = options.special()
                .program()
                .or(GvisorTapVsock::program)
                .orElseThrow(() -> new KelpException(ErrorKind.NOT_FOUND, PROGRAM + " is not installed")
                        .withHint("it comes with podman's machine packages, or: go install"
                                + " github.com/containers/gvisor-tap-vsock/cmd/gvproxy@latest"));
        if (options.cidr().isPresent()
                && !options.cidr().get().equals(NETWORK)
                && !options.cidr().get().equals(CIDR_DEFAULT)) {
            throw new KelpException(
                    ErrorKind.UNSUPPORTED,
                    "give " + NAME + " the network " + options.cidr().get() + ": gvproxy has " + NETWORK);
        }
        var service = new VpnkitService(programs, namespace, socket -> argv(program, socket, options));
        return new Running(
                service.start(options, OWN, GATEWAY, filter(options.hostLoopback())), OWN, GATEWAY, List.of(GATEWAY));
    }

    private static List<String> argv(Path program, Path socket, Options options) {
        List<String> argv = new ArrayList<>(List.of(
                program.toString(),
                "-listen-vpnkit",
                "unix://" + socket,
                "-mtu",
                Integer.toString(VpnkitService.mtu(options)),
                // the way in is Kelp's, and nobody's ssh is meant
                "-ssh-port",
                "-1"));
        options.special().control().ifPresent(control -> {
            remove(control);
            argv.addAll(List.of("-listen", "unix://" + control));
        });
        return argv;
    }

    /// gvproxy refuses to listen where one that was killed has left its socket.
    private static void remove(Path control) {
        try {
            Files.deleteIfExists(control);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "remove " + control + ": " + e.getMessage(), e);
        }
    }

    /// Requests to open the host's ports are not for containers, nor is its loopback unless that was asked for.
    private static Predicate<ByteBuffer> filter(boolean hostLoopback) {
        return frame -> !Frames.isTcpTo(frame, GATEWAY, 80) && (hostLoopback || !Frames.isTo(frame, HOST));
    }
}
