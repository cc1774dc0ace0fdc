// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.linux.Epoll;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.SeccompNotify;
import dev.kelp.linux.SeccompNotify.Call;
import dev.kelp.linux.SocketAddress;
import dev.kelp.linux.SocketOptions;
import dev.kelp.model.network.Subnet;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.EnumSet;
import java.util.Optional;

/// Connects and listens for nobody, so that no container's first connection waits for classes to be loaded and calls
/// to be linked, which takes a hundred times what it does later. A thread of this process is the program: it has a
/// filter and a network of its own, and what it connects to is a socket of this process.
final class Rehearsal implements Guest {
    private static final System.Logger LOG = System.getLogger(Rehearsal.class.getName());

    /// No container is called so.
    private static final String NOBODY = "rehearsal";

    private static final int ROUNDS = 24;
    private static final int PORT = 80;

    private static final InetSocketAddress FAR = new InetSocketAddress(Subnet.parseAddress("192.0.2.1"), PORT);
    private static final InetSocketAddress LOOPBACK = new InetSocketAddress(Subnet.parseAddress("127.0.0.1"), 0);

    private final Guest pattern;
    private final InetSocketAddress server;

    private Rehearsal(Guest pattern, InetSocketAddress server) {
        this.pattern = pattern;
        this.server = server;
    }

    /// Begins, and does not wait for the end.
    ///
    /// @param pattern whose policy is asked
    static void begin(Bypass bypass, Guest pattern) {
        Thread.ofPlatform().name("kelp-rehearsal").daemon(true).start(() -> {
            try {
                run(bypass, pattern);
            } catch (IOException | RuntimeException e) {
                LOG.log(Level.DEBUG, "containers' first connections will be slow", e);
            }
        });
    }

    private static void run(Bypass bypass, Guest pattern) throws IOException {
        try (Fd server = InetSockets.listen(new InetSocketAddress(ownAddress(), 0), 2 * ROUNDS);
                Fd network = NetworkNamespaces.create()) {
            bypass.enter(NOBODY, new Rehearsal(pattern, InetSockets.local(server)));
            try {
                NetworkNamespaces.start(network, "kelp-rehearsal", () -> perform(bypass))
                        .join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } finally {
                bypass.leave(NOBODY);
            }
        }
    }

    /// What real connections go to as well is not the loopback's.
    private static InetAddress ownAddress() throws ErrnoException {
        try (Rtnetlink here = Rtnetlink.open()) {
            return here.addresses().stream()
                    .map(Rtnetlink.Address::address)
                    .filter(a -> a instanceof Inet4Address && !a.isLoopbackAddress())
                    .findFirst()
                    .orElse(LOOPBACK.getAddress());
        }
    }

    private static void perform(Bypass bypass) {
        try {
            bypass.take(NOBODY, SeccompNotify.listenOnThisThread(EnumSet.allOf(Call.class)));
            byte[] far = SocketAddress.write(SocketOptions.AF_INET, FAR);
            for (int i = 0; i < ROUNDS; i++) {
                try (Fd blocking = SocketOptions.tcp(SocketOptions.AF_INET);
                        Fd other = SocketOptions.tcp(SocketOptions.AF_INET);
                        Epoll set = Epoll.create()) {
                    SocketOptions.connect(blocking, far);
                    SocketOptions.setNonBlocking(other, true);
                    set.add(other, Epoll.OUT, 1);
                    SocketOptions.connect(other, far);
                }
            }
            try (Fd service = SocketOptions.tcp(SocketOptions.AF_INET)) {
                SocketOptions.bind(
                        service,
                        SocketAddress.write(
                                SocketOptions.AF_INET, new InetSocketAddress(Subnet.parseAddress("0.0.0.0"), PORT)));
                SocketOptions.listen(service, 1);
            }
        } catch (ErrnoException | RuntimeException e) {
            LOG.log(Level.DEBUG, "rehearse connections", e);
        }
    }

    @Override
    public BypassPolicy policy() {
        return pattern.policy();
    }

    @Override
    public Optional<InetSocketAddress> shortcut(InetSocketAddress to) {
        pattern.shortcut(to);
        pattern.policy().leaves(to.getAddress(), 0);
        return Optional.of(server);
    }

    /// A port of the kernel's choice, of the loopback.
    @Override
    public Optional<InetSocketAddress> claim(int port, Families families) {
        return Optional.of(LOOPBACK);
    }

    @Override
    public boolean hasClaimed(int hostPort) {
        return true;
    }

    @Override
    public void relay(int port, Fd inside, InetSocketAddress host) {
        inside.close();
    }
}
