// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.Rtnetlink.Address;
import dev.kelp.linux.Rtnetlink.VethEnd;
import dev.kelp.linux.SeccompNotify;
import dev.kelp.linux.SeccompNotify.Call;
import dev.kelp.linux.SocketAddress;
import dev.kelp.linux.SocketOptions;
import dev.kelp.model.network.Subnet;
import dev.kelp.network.ContainerNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A LAN of two machines, `lan` and `host`, and on the host a container without any interface but its loopback: what
/// it reaches, it reaches by sockets of the host. Its programs are threads of this process.
@Timeout(60)
abstract class BypassLan {
    static final String HOST = "192.0.2.1";
    static final String LAN = "192.0.2.2";
    static final String NEIGHBOUR = "192.0.2.77";
    static final String CONTAINER = "c1";
    static final int PUBLISHED = 8080;

    final ExecutorService threads = Executors.newCachedThreadPool();
    final Map<String, Fd> kept = new ConcurrentHashMap<>();
    final List<Fd> relayed = new ArrayList<>();
    final AtomicBoolean claimed = new AtomicBoolean();

    /// What happens when a call was looked at and nothing of it is done yet.
    volatile Runnable between = () -> {};

    /// Where connections to the loopback lead.
    volatile Optional<InetSocketAddress> shortcut = Optional.empty();

    ContainerNamespace lan;
    ContainerNamespace host;
    ContainerNamespace container;
    Bypass bypass;

    @TempDir
    Path folder;

    final Guest guest = new Guest() {
        @Override
        public BypassPolicy policy() {
            between.run();
            return new BypassPolicy(List.of(Subnet.parse(NEIGHBOUR + "/32")), Set.of(), true, true);
        }

        @Override
        public Optional<InetSocketAddress> shortcut(InetSocketAddress to) {
            return to.getAddress().isLoopbackAddress() ? shortcut : Optional.empty();
        }

        @Override
        public Optional<InetSocketAddress> claim(int port, Families families) {
            claimed.set(port == 80);
            return port == 80 ? Optional.of(new InetSocketAddress(HOST, PUBLISHED)) : Optional.empty();
        }

        @Override
        public boolean hasClaimed(int hostPort) {
            return claimed.get() && hostPort == PUBLISHED;
        }

        @Override
        public void relay(int port, Fd inside, InetSocketAddress to) {
            relayed.add(inside);
        }
    };

    final Bypass.Keeper keeper = new Bypass.Keeper() {
        @Override
        public void store(String name, Fd fd) {
            try {
                kept.put(name, fd.duplicate());
            } catch (ErrnoException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void drop(String name) {
            Fd fd = kept.remove(name);
            if (fd != null) {
                fd.close();
            }
        }
    };

    @BeforeEach
    void buildTheLan() throws IOException {
        assumeFalse("none".equals(System.getenv("KELP_TEST_NAMESPACE")), "no user namespaces here");
        lan = ContainerNamespace.create();
        host = ContainerNamespace.create();
        container = ContainerNamespace.create();
        try (Rtnetlink here = NetworkNamespaces.inside(host.fd(), Rtnetlink::open);
                Rtnetlink there = NetworkNamespaces.inside(lan.fd(), Rtnetlink::open)) {
            here.addVeth(new VethEnd("eth0", null), new VethEnd("eth0", null), lan.fd(), 1500);
            address(here, HOST, 24);
            address(here, "2001:db8::1", 64);
            address(there, LAN, 24);
            address(there, "2001:db8::2", 64);
        }
        bypass = open(Map.of());
        bypass.enter(CONTAINER, guest);
    }

    static void address(Rtnetlink links, String address, int bits) throws IOException {
        int index = links.index("eth0");
        links.addAddress(new Address(index, Subnet.parseAddress(address), bits));
        links.setUp(index);
    }

    Bypass open(Map<String, Fd> left) throws IOException {
        Map<String, Guest> guests = left.isEmpty() ? Map.of() : Map.of(CONTAINER, guest);
        Path filters = folder.resolve("filters");
        return NetworkNamespaces.inside(host.fd(), () -> Bypass.open(filters, keeper, left, guests, allowsFilters()));
    }

    /// Whether the kernel is one that allows filters of sockets.
    boolean allowsFilters() {
        return true;
    }

    @AfterEach
    void close() {
        if (bypass != null) {
            bypass.close();
            threads.shutdownNow();
            kept.values().forEach(Fd::close);
            relayed.forEach(Fd::close);
            List.of(lan, host, container).forEach(ContainerNamespace::close);
        }
    }

    interface Program<T> {
        T run() throws Exception;
    }

    /// Runs in the container, its calls asked about.
    <T> Future<T> start(Program<T> program) {
        FutureTask<T> task = new FutureTask<>(() -> {
            bypass.take(CONTAINER, SeccompNotify.listenOnThisThread(EnumSet.allOf(Call.class)));
            return program.run();
        });
        NetworkNamespaces.start(container.fd(), "program", task);
        return task;
    }

    static <T> T get(Future<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    static ServerSocket listen(ContainerNamespace where, String address) throws IOException {
        return NetworkNamespaces.inside(where.fd(), () -> new ServerSocket(0, 50, InetAddress.getByName(address)));
    }

    static int connect(Fd socket, int family, String address, int port) {
        return SocketOptions.connect(
                socket, SocketAddress.write(family, new InetSocketAddress(Subnet.parseAddress(address), port)));
    }

    interface Action {
        void run() throws ErrnoException;
    }

    static int errno(Action action) {
        try {
            action.run();
            return 0;
        } catch (ErrnoException e) {
            return e.errno();
        }
    }

    static String errnoOf(ServerSocket server) throws IOException {
        try (Socket s = server.accept()) {
            return "reached by " + s.getRemoteSocketAddress();
        } catch (SocketTimeoutException e) {
            return "timeout";
        }
    }
}
