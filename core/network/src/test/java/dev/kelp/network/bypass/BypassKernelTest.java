// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.Epoll;
import dev.kelp.linux.Errno;
import dev.kelp.linux.Fd;
import dev.kelp.linux.InetSockets;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.SocketAddress;
import dev.kelp.linux.SocketOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What programs of containers see.
class BypassKernelTest extends BypassLan {
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
    void whoDoesNotWaitLearnsThatAPublishedPortRefuses() throws Exception {
        Future<Integer> told = start(() -> {
            try (Fd service = SocketOptions.tcp(SocketOptions.AF_INET);
                    Fd socket = SocketOptions.tcp(SocketOptions.AF_INET)) {
                // bound, so that the port is the container's, and not listening
                SocketOptions.bind(
                        service, SocketAddress.write(SocketOptions.AF_INET, new InetSocketAddress("0.0.0.0", 80)));
                SocketOptions.setNonBlocking(socket, true);
                int begun = connect(socket, SocketOptions.AF_INET, "127.0.0.1", 80);
                while (SocketOptions.isConnecting(socket)) {
                    Thread.sleep(1);
                }
                return begun == Errno.EINPROGRESS ? InetSockets.error(socket) : begun;
            }
        });
        assertThat(get(told)).isEqualTo(Errno.ECONNREFUSED);
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

    /// When the holder is killed.
    @Test
    void aCallWhoseFilterNobodyKeepsFailsAndDoesNotWait() throws Exception {
        Future<Integer> errno = start(() -> {
            bypass.close();
            kept.values().forEach(Fd::close);
            kept.clear();
            try (Fd socket = SocketOptions.tcp(SocketOptions.AF_INET)) {
                return connect(socket, SocketOptions.AF_INET, LAN, 80);
            }
        });
        assertThat(get(errno)).isEqualTo(Errno.ENOSYS);
        bypass = open(Map.of());
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
