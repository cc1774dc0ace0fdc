// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.network.OutboundDriver.Options;
import dev.kelp.rootless.SpawnedProcess;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A program at a socket that takes Ethernet frames as VPNKit does. It knows nothing of namespaces: an [EthernetCable]
/// of this process leads there, so both end with the daemon, and the next one starts them anew.
final class VpnkitService {
    private static final System.Logger LOG = System.getLogger(VpnkitService.class.getName());
    private static final int MTU_BEST = 1500;
    private static final int PREFIX_BITS = 24;

    private final HostPrograms programs;
    private final DetachedNamespace namespace;
    private final Function<Path, List<String>> argv;

    /// @param argv of the program that is to listen at a socket
    VpnkitService(HostPrograms programs, DetachedNamespace namespace, Function<Path, List<String>> argv) {
        this.programs = programs;
        this.namespace = namespace;
        this.argv = argv;
    }

    static int mtu(Options options) {
        return options.mtu() == 0 ? MTU_BEST : options.mtu();
    }

    /// @param passes whether a frame may leave
    SpawnedProcess start(Options options, InetAddress own, InetAddress gateway, Predicate<ByteBuffer> passes) {
        Path folder = folder();
        try {
            Path socket = folder.resolve("ethernet.sock");
            AtomicReference<@Nullable Fd> connected = new AtomicReference<>();
            var job =
                    new DriverProcess.Job(programs, namespace, options.special().key(), argv.apply(socket), true);
            SpawnedProcess process = DriverProcess.start(job, -1, () -> {
                connected.set(connection(socket));
                return connected.get() != null;
            });
            try {
                var ends = new EthernetCable.Ends(
                        namespace, options.special().device(), own, gateway, PREFIX_BITS, mtu(options));
                EthernetCable.connect(Objects.requireNonNull(connected.get()), ends, passes);
                return process;
            } catch (KelpException e) {
                DriverProcess.discard(job, process);
                throw e;
            }
        } finally {
            remove(folder);
        }
    }

    private static Path folder() {
        try {
            return Files.createTempDirectory("kelp-ethernet");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make a folder for a socket: " + e.getMessage(), e);
        }
    }

    private static void remove(Path folder) {
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "remove " + folder, e);
        }
    }

    private static @Nullable Fd connection(Path socket) {
        try {
            return UnixSockets.connect(socket.toString(), UnixSockets.Type.STREAM);
        } catch (ErrnoException e) {
            return null;
        }
    }
}
