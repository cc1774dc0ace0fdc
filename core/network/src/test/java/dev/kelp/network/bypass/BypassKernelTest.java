// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.kelp.linux.Epoll;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
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
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A LAN of two machines, `lan` and `host`, and on the host a container without any interface but its loopback: what
/// it reaches, it reaches by sockets of the host. Its programs are threads of this process.
@Timeout(60)
class BypassKernelTest {
    private static final String HOST = "192.0.2.1";
    private static final String LAN = "192.0.2.2";
    private static final String NEIGHBOUR = "192.0.2.77";
    private static final String CONTAINER = "c1";
    private static final int PUBLISHED = 8080;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Fd> kept = new ConcurrentHashMap<>();
    private final List<Fd> relayed = new ArrayList<>();
    private final AtomicBoolean claimed = new AtomicBoolean();
    private ContainerNamespace lan;
    private ContainerNamespace host;
    private ContainerNamespace container;
    private Bypass bypass;

    @TempDir
    Path folder;

    private final Guest guest = new Guest() {
        @Override
        public BypassPolicy policy() {
            return new BypassPolicy(List.of(Subnet.parse(NEIGHBOUR + "/32")), Set.of(), true, true);
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

    private final Bypass.Keeper keeper = new Bypass.Keeper() {
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

    private static void address(Rtnetlink links, String address, int bits) throws IOException {
        int index = links.index("eth0");
        links.addAddress(new Address(index, Subnet.parseAddress(address), bits));
        links.setUp(index);
    }

    private Bypass open(Map<String, Fd> left) throws IOException {
        Map<String, Guest> guests = left.isEmpty() ? Map.of() : Map.of(CONTAINER, guest);
        return NetworkNamespaces.inside(host.fd(), () -> Bypass.open(folder.resolve("filters"), keeper, left, guests));
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

    private interface Program<T> {
        T run() throws Exception;
    }

    /// Runs in the container, its calls asked about.
    private <T> Future<T> start(Program<T> program) {
        FutureTask<T> task = new FutureTask<>(() -> {
            bypass.take(CONTAINER, SeccompNotify.listenOnThisThread(EnumSet.allOf(Call.class)));
            return program.run();
        });
        NetworkNamespaces.start(container.fd(), "program", task);
        return task;
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    private static ServerSocket listen(ContainerNamespace where, String address) throws IOException {
        return NetworkNamespaces.inside(where.fd(), () -> new ServerSocket(0, 50, InetAddress.getByName(address)));
    }

    private static int connect(Fd socket, int family, String address, int port) {
        return SocketOptions.connect(
                socket, SocketAddress.write(family, new InetSocketAddress(Subnet.parseAddress(address), port)));
    }

    @ParameterizedTest
    @ValueSource(strings = {LAN, "2001:db8::2"})
    void aConnectionThatLeavesIsTheHosts(String address) throws Exception {
        try (ServerSocket server = listen(lan, address)) {
            Future<String> peer = threads.submit(() -> {
                try (Socket s = server.accept()) {
                    s.getOutputStream().write('k');
                    return s.getInetAddress().getHostAddress();
                }
            });
            Future<Integer> answer = start(() -> {
                try (Socket s = new Socket(InetAddress.getByName(address), server.getLocalPort())) {
                    return s.getInputStream().read();
                }
            });
            assertThat(get(answer)).isEqualTo('k');
            assertThat(get(peer)).isEqualTo(address.contains(":") ? "2001:db8:0:0:0:0:0:1" : HOST);
        }
    }

    @Test
    void aSocketThatIsWaitedForAlreadyIsWaitedForStill() throws Exception {
        try (ServerSocket server = listen(lan, LAN)) {
            Future<Long> told = start(() -> {
                Fd socket = SocketOptions.tcp(SocketOptions.AF_INET);
                Fd copy = socket.duplicate();
                SocketOptions.setNonBlocking(socket, true);
                Epoll set = Epoll.create();
                set.add(socket, Epoll.OUT | Epoll.EDGE, 4711);
                assertThat(connect(socket, SocketOptions.AF_INET, LAN, server.getLocalPort()))
                        .isEqualTo(Errno.EINPROGRESS);
                CompletableFuture<Long> key = new CompletableFuture<>();
                while (!key.isDone()) {
                    set.await(10_000, (k, events) -> {
                        if ((events & (Epoll.OUT | Epoll.HUP)) == Epoll.OUT) {
                            key.complete(k);
                        }
                    });
                }
                assertThat(InetSockets.remote(copy)).isEqualTo(InetSockets.remote(socket));
                set.close();
                copy.close();
                socket.close();
                return key.get();
            });
            assertThat(get(told)).isEqualTo(4711);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.8.9.10", "::1"})
    void theHostsLoopbackIsNotReached(String address) throws Exception {
        try (ServerSocket server = listen(host, address)) {
            for (int family : address.contains(":")
                    ? new int[] {SocketOptions.AF_INET6}
                    : new int[] {SocketOptions.AF_INET, SocketOptions.AF_INET6}) {
                Future<Integer> errno = start(() -> {
                    try (Fd socket = SocketOptions.tcp(family)) {
                        return connect(socket, family, address, server.getLocalPort());
                    }
                });
                assertThat(get(errno)).isEqualTo(Errno.ECONNREFUSED);
            }
        }
    }

    @Test
    void neighboursStayInside() throws Exception {
        Future<Integer> errno = start(() -> {
            try (Fd socket = SocketOptions.tcp(SocketOptions.AF_INET)) {
                return connect(socket, SocketOptions.AF_INET, NEIGHBOUR, 80);
            }
        });
        // ENETUNREACH: the container has no route
        assertThat(get(errno)).isEqualTo(101);
    }

    @Test
    void aRefusedSocketMayTryTheNextAddress() throws Exception {
        try (ServerSocket server = listen(lan, LAN);
                ServerSocket inside = listen(container, "127.0.0.1")) {
            Future<List<Integer>> tried = start(() -> {
                try (Fd socket = SocketOptions.tcp(SocketOptions.AF_INET);
                        Fd other = SocketOptions.tcp(SocketOptions.AF_INET)) {
                    SocketOptions.setNonBlocking(other, true);
                    int begun = connect(other, SocketOptions.AF_INET, LAN, 1);
                    while (SocketOptions.isConnecting(other)) {
                        Thread.sleep(1);
                    }
                    int refused = InetSockets.error(other);
                    SocketOptions.setNonBlocking(other, false);
                    return List.of(
                            connect(socket, SocketOptions.AF_INET, LAN, 1),
                            connect(socket, SocketOptions.AF_INET, LAN, server.getLocalPort()),
                            begun,
                            refused,
                            connect(other, SocketOptions.AF_INET, "127.0.0.1", inside.getLocalPort()));
                }
            });
            assertThat(get(tried)).containsExactly(Errno.ECONNREFUSED, 0, Errno.EINPROGRESS, Errno.ECONNREFUSED, 0);
        }
    }

    @Test
    void aPublishedServiceListensOnTheHost() throws Exception {
        CompletableFuture<Void> listening = new CompletableFuture<>();
        Future<String> client = start(() -> {
            try (ServerSocket server = new ServerSocket(80, 50, InetAddress.getByName("0.0.0.0"))) {
                listening.complete(null);
                try (Socket s = server.accept()) {
                    return s.getInetAddress().getHostAddress();
                }
            }
        });
        listening.get(20, TimeUnit.SECONDS);
        NetworkNamespaces.inside(lan.fd(), () -> {
            new Socket(HOST, PUBLISHED).close();
            return null;
        });
        assertThat(get(client)).isEqualTo(LAN);
    }

    @Test
    void portsThatAreNotPublishedAreNotOpenedOnTheHost() throws Exception {
        Future<List<Integer>> results = start(() -> {
            try (Fd socket = SocketOptions.tcp(SocketOptions.AF_INET)) {
                SocketOptions.setNonBlocking(socket, true);
                connect(socket, SocketOptions.AF_INET, LAN, 1);
                while (SocketOptions.isConnecting(socket)) {
                    Thread.sleep(1);
                }
                return List.of(
                        errno(() -> SocketOptions.listen(socket, 1)),
                        errno(() -> SocketOptions.bind(
                                socket, SocketAddress.write(SocketOptions.AF_INET, new InetSocketAddress(9999)))));
            }
        });
        assertThat(get(results)).containsExactly(Errno.EACCES, Errno.EINVAL);
    }

    private interface Action {
        void run() throws ErrnoException;
    }

    private static int errno(Action action) {
        try {
            action.run();
            return 0;
        } catch (ErrnoException e) {
            return e.errno();
        }
    }

    @Test
    void anAddressThatChangesBetweenCheckAndUseGainsNothing() throws Exception {
        try (ServerSocket allowed = listen(lan, LAN);
                ServerSocket forbidden = NetworkNamespaces.inside(
                        host.fd(),
                        () -> new ServerSocket(allowed.getLocalPort(), 50, InetAddress.getByName("127.0.0.1")))) {
            byte[] one = SocketAddress.write(SocketOptions.AF_INET, new InetSocketAddress(LAN, allowed.getLocalPort()));
            byte[] two = SocketAddress.write(
                    SocketOptions.AF_INET, new InetSocketAddress("127.0.0.1", allowed.getLocalPort()));
            AtomicBoolean over = new AtomicBoolean();
            Future<?> server = threads.submit(() -> {
                while (!over.get()) {
                    allowed.accept().close();
                }
                return null;
            });
            ByteBuffer address = ByteBuffer.allocateDirect(one.length);
            Future<?> changing = threads.submit(() -> {
                while (!over.get()) {
                    address.put(0, one);
                    address.put(0, two);
                }
            });
            Future<?> attack = start(() -> {
                for (int i = 0; i < 500; i++) {
                    try (Fd socket = SocketOptions.tcp(SocketOptions.AF_INET)) {
                        SocketOptions.connect(socket, address);
                    }
                }
                return true;
            });
            get(attack);
            over.set(true);
            forbidden.setSoTimeout(200);
            assertThat(errnoOf(forbidden)).isEqualTo("timeout");
            server.cancel(true);
            changing.get();
        }
    }

    private static String errnoOf(ServerSocket server) throws IOException {
        try (Socket s = server.accept()) {
            return "reached by " + s.getRemoteSocketAddress();
        } catch (SocketTimeoutException e) {
            return "timeout";
        }
    }

    @Test
    void aCallWaitsForTheNextDaemon() throws Exception {
        try (ServerSocket server = listen(lan, LAN)) {
            CompletableFuture<Void> begun = new CompletableFuture<>();
            Future<Integer> connected = start(() -> {
                // the filter is known: now nobody is there
                bypass.close();
                begun.complete(null);
                try (Fd socket = SocketOptions.tcp(SocketOptions.AF_INET)) {
                    return connect(socket, SocketOptions.AF_INET, LAN, server.getLocalPort());
                }
            });
            begun.get(20, TimeUnit.SECONDS);
            Thread.sleep(100);
            assertThat(connected).isNotDone();
            bypass = open(Map.copyOf(kept));
            assertThat(get(connected)).isZero();
        }
    }
}
