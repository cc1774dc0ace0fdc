// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.SocketOptions;
import dev.kelp.linux.UnixSockets;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What programs do that want more than they may have.
class BypassAttackKernelTest extends BypassLan {
    private static final int AF_INET = SocketOptions.AF_INET;
    private static final int AF_INET6 = SocketOptions.AF_INET6;
    private static final int ENETUNREACH = 101;
    private static final int WAIT_MILLIS = 300;

    /// For a connection that nobody answers: another thread does something meanwhile, also on a machine that is
    /// busy.
    /// After three seconds the kernel knows that nobody has the address.
    private static final int GIVEN_MILLIS = 2000;

    /// Nobody on the LAN has it.
    private static final String SILENT = "192.0.2.50";

    /// A socket of the host's that the program has and may use anew: its connection was refused.
    private Fd switched(int family, String refusing) throws Exception {
        Fd socket = SocketOptions.tcp(family);
        SocketOptions.setNonBlocking(socket, true);
        assertThat(connect(socket, family, refusing, 1)).isEqualTo(Errno.EINPROGRESS);
        while (SocketOptions.isConnecting(socket)) {
            Thread.sleep(1);
        }
        return socket;
    }

    /// As the kernel does it with a call that was left to it, when another thread has put this socket in the place
    /// of
    /// the one that was looked at: nobody asks.
    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.8.9.10", "::1", "mapped"})
    void aSocketOfTheHostsDoesNotReachItsLoopbackWhoeverConnectsIt(String to) throws Exception {
        int family = to.equals("127.0.0.1") || to.equals("127.8.9.10") ? AF_INET : AF_INET6;
        String address = to.equals("mapped") ? "127.0.0.1" : to;
        try (ServerSocket server = listen(host, address);
                Fd socket = get(start(() -> switched(family, to.equals("::1") ? "2001:db8::2" : LAN)))) {
            int errno = threads.submit(() -> {
                        // the first only tells of the connection that was refused
                        connect(socket, family, address, server.getLocalPort());
                        return connect(socket, family, address, server.getLocalPort());
                    })
                    .get(20, TimeUnit.SECONDS);
            // ENETUNREACH: it is tied to an interface by which nothing leads there
            assertThat(errno).isIn(Errno.EINPROGRESS, ENETUNREACH);
            server.setSoTimeout(WAIT_MILLIS);
            assertThat(errnoOf(server)).isEqualTo("timeout");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSocketThatReachedAPublishedServiceOnTheLoopbackReachesNothingElseThere(boolean waits) throws Exception {
        try (ServerSocket service = listen(host, "127.0.0.1");
                ServerSocket other = listen(host, "127.0.0.1")) {
            shortcut = Optional.of(new InetSocketAddress("127.0.0.1", service.getLocalPort()));
            Fd socket = get(start(() -> {
                Fd made = SocketOptions.tcp(AF_INET);
                SocketOptions.setNonBlocking(made, !waits);
                assertThat(connect(made, AF_INET, "127.0.0.1", 80)).isEqualTo(waits ? 0 : Errno.EINPROGRESS);
                service.accept().close();
                return made;
            }));
            int errno = threads.submit(() -> {
                        SocketOptions.setNonBlocking(socket, true);
                        SocketOptions.connect(socket, new byte[16]);
                        return connect(socket, AF_INET, "127.0.0.1", other.getLocalPort());
                    })
                    .get(20, TimeUnit.SECONDS);
            assertThat(errno).isEqualTo(Errno.EINPROGRESS);
            other.setSoTimeout(WAIT_MILLIS);
            assertThat(errnoOf(other)).isEqualTo("timeout");
            socket.close();
        }
    }

    @Test
    void aPublishedServiceThatIsSlowToAcceptIsReachedInside() throws Exception {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        try (ServerSocket slow = NetworkNamespaces.inside(host.fd(), () -> new ServerSocket(0, 1, loopback));
                Socket first = NetworkNamespaces.inside(host.fd(), () -> new Socket(loopback, slow.getLocalPort()));
                Socket second = NetworkNamespaces.inside(host.fd(), () -> new Socket(loopback, slow.getLocalPort()));
                ServerSocket inside = listen(container, "127.0.0.1")) {
            assertThat(first.isConnected() && second.isConnected()).isTrue();
            shortcut = Optional.of(new InetSocketAddress(loopback, slow.getLocalPort()));
            Fd socket = get(start(() -> {
                Fd made = SocketOptions.tcp(AF_INET);
                SocketOptions.setNonBlocking(made, true);
                assertThat(connect(made, AF_INET, "127.0.0.1", inside.getLocalPort()))
                        .isEqualTo(Errno.EINPROGRESS);
                return made;
            }));
            inside.setSoTimeout(20_000);
            assertThat(errnoOf(inside)).startsWith("reached by");
            socket.close();
        }
    }

    @Test
    void theHostsOwnAddressIsReached() throws Exception {
        try (ServerSocket server = listen(host, HOST)) {
            Future<Integer> errno = start(() -> {
                try (Fd socket = SocketOptions.tcp(AF_INET)) {
                    return connect(socket, AF_INET, HOST, server.getLocalPort());
                }
            });
            assertThat(get(errno)).isZero();
        }
    }

    @Test
    void aSocketOfTheHostsIsNeverLeftToTheKernel() throws Exception {
        try (ServerSocket server = listen(host, "127.0.0.1")) {
            byte[] other = ByteBuffer.allocate(28)
                    .order(ByteOrder.nativeOrder())
                    .putShort((short) 1)
                    .put("/x".getBytes(StandardCharsets.US_ASCII))
                    .array();
            Future<List<Integer>> errnos = start(() -> {
                try (Fd socket = switched(AF_INET, LAN);
                        Fd fresh = SocketOptions.tcp(AF_INET)) {
                    List<Integer> all = new ArrayList<>();
                    all.add(SocketOptions.connect(socket, other));
                    all.add(SocketOptions.connect(socket, new byte[] {2}));
                    between = () -> {
                        throw new IllegalStateException("nobody knows what may leave");
                    };
                    all.add(connect(socket, AF_INET, "127.0.0.1", server.getLocalPort()));
                    all.add(connect(fresh, AF_INET, "127.0.0.1", server.getLocalPort()));
                    return all;
                }
            });
            assertThat(get(errnos))
                    .containsExactly(Errno.EAFNOSUPPORT, Errno.EAFNOSUPPORT, Errno.EADDRNOTAVAIL, Errno.ECONNREFUSED);
            server.setSoTimeout(WAIT_MILLIS);
            assertThat(errnoOf(server)).isEqualTo("timeout");
        }
    }

    /// Forms of addresses that mean the host's loopback, or what only the host's interfaces give a meaning to.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "02000000 7f000001",
                "02000000 00000000",
                "02000000 f0000001",
                "0a000000 00000000 00000000000000000000ffff7f000001 00000000",
                "0a000000 00000000 00000000000000000000ffff00000000 00000000",
                "0a000000 00000000 0000000000000000000000007f000001 00000000",
                "0a000000 00000000 00000000000000000000000000000000 00000000",
                "0a000000 00000000 00000000000000000000000000000001 01000000",
                "0a000000 00000000 fe800000000000000000000000000001 02000000",
                "0a000000 00000000 ff020000000000000000000000000001 02000000"
            })
    void formsOfForbiddenAddressesStayInside(String hexadecimal) throws Exception {
        try (ServerSocket server = listen(host, "::")) {
            byte[] digits = HexFormat.of().parseHex(hexadecimal.replace(" ", ""));
            byte[] address = ByteBuffer.allocate(28).put(digits).array();
            address[2] = (byte) (server.getLocalPort() >> 8);
            address[3] = (byte) server.getLocalPort();
            Future<Integer> errno = start(() -> {
                try (Fd socket = SocketOptions.tcp(address[0])) {
                    SocketOptions.setNonBlocking(socket, true);
                    return SocketOptions.connect(socket, address);
                }
            });
            assertThat(get(errno)).isNotZero();
            server.setSoTimeout(WAIT_MILLIS);
            assertThat(errnoOf(server)).isEqualTo("timeout");
        }
    }

    @Test
    void aDescriptorThatIsDuplicatedMeanwhileIsSwitchedWithItsCopies() throws Exception {
        try (ServerSocket server = listen(lan, LAN)) {
            Future<List<Boolean>> same = start(() -> {
                List<Fd> copies = new ArrayList<>();
                try (Fd socket = SocketOptions.tcp(AF_INET)) {
                    between = () -> {
                        try {
                            copies.add(socket.duplicate());
                        } catch (java.io.IOException e) {
                            throw new IllegalStateException(e);
                        }
                    };
                    assertThat(connect(socket, AF_INET, LAN, server.getLocalPort()))
                            .isZero();
                    List<Boolean> all = new ArrayList<>();
                    for (Fd copy : copies) {
                        all.add(SocketOptions.networkCookie(copy) == SocketOptions.networkCookie(socket));
                        copy.close();
                    }
                    return all;
                }
            });
            assertThat(get(same)).isNotEmpty().containsOnly(true);
        }
    }

    @Test
    void aNumberThatIsSomethingElseByThenIsLeftAlone() throws Exception {
        try (ServerSocket server = listen(lan, LAN)) {
            List<Fd> opened = new ArrayList<>();
            Future<Integer> errno = start(() -> {
                Fd socket = SocketOptions.tcp(AF_INET);
                int number = socket.number();
                between = () -> {
                    socket.close();
                    try {
                        do {
                            opened.add(Inodes.open("/dev/null", Inodes.O_RDONLY));
                        } while (opened.getLast().number() != number && opened.size() < 1000);
                    } catch (ErrnoException e) {
                        throw new IllegalStateException(e);
                    }
                };
                return connect(socket, AF_INET, LAN, server.getLocalPort());
            });
            assertThat(get(errno)).isEqualTo(Errno.EBADF);
            assertThat(opened).isNotEmpty().allMatch(fd -> SocketOptions.tcpFamily(fd) == 0);
            opened.forEach(Fd::close);
        }
    }

    @Test
    void aDescriptorThatIsClosedWhileItsConnectionIsMadeStaysClosed() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        between = asked::countDown;
        Future<List<Integer>> told = start(() -> {
            Fd socket = SocketOptions.tcp(AF_INET);
            int number = socket.number();
            SocketOptions.setSendTimeout(socket, TimeUnit.MILLISECONDS.toNanos(GIVEN_MILLIS));
            Future<?> closing = threads.submit(() -> {
                asked.await();
                Thread.sleep(WAIT_MILLIS / 3);
                socket.close();
                return null;
            });
            int errno = connect(socket, AF_INET, SILENT, 80);
            closing.get();
            // whoever opened something meanwhile may have the number, but nobody a TCP socket
            return List.of(errno, SocketOptions.tcpFamily(Fd.own(number)));
        });
        assertThat(get(told)).containsExactly(Errno.EBADF, 0);
    }

    @Test
    void abstractSocketsOfTheHostAreNotReached() throws Exception {
        String name = "\0kelp-" + folder.getFileName();
        byte[] address = ByteBuffer.allocate(2 + name.length())
                .order(ByteOrder.nativeOrder())
                .putShort((short) 1)
                .put(name.getBytes(StandardCharsets.US_ASCII))
                .array();
        try (Fd server =
                NetworkNamespaces.inside(host.fd(), () -> UnixSockets.listen(name, UnixSockets.Type.STREAM, 1))) {
            assertThat(server.isOpen()).isTrue();
            Future<List<Integer>> errnos = start(() -> {
                try (Fd switched = switched(AF_INET, LAN)) {
                    return List.of(
                            errno(() -> UnixSockets.connect(name, UnixSockets.Type.STREAM)
                                    .close()),
                            SocketOptions.connect(switched, address));
                }
            });
            assertThat(get(errnos)).containsExactly(Errno.ECONNREFUSED, Errno.EAFNOSUPPORT);
        }
    }

    @Test
    void aFloodOfCallsIsAnsweredAndOthersAreServed() throws Exception {
        try (ServerSocket server = listen(lan, LAN)) {
            List<Future<Integer>> floods = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                floods.add(start(() -> {
                    int refused = 0;
                    for (int n = 0; n < 200; n++) {
                        try (Fd socket = SocketOptions.tcp(AF_INET)) {
                            refused += connect(socket, AF_INET, LAN, 1) == Errno.ECONNREFUSED ? 1 : 0;
                        }
                    }
                    return refused;
                }));
            }
            Future<Integer> quiet = start(() -> {
                try (Fd socket = SocketOptions.tcp(AF_INET)) {
                    return connect(socket, AF_INET, LAN, server.getLocalPort());
                }
            });
            assertThat(get(quiet)).isZero();
            for (Future<Integer> flood : floods) {
                assertThat(get(flood)).isEqualTo(200);
            }
        }
    }

    @Test
    void aConnectionThatMayTakeSoLongTakesNoLonger() throws Exception {
        Future<List<Long>> told = start(() -> {
            try (Fd socket = SocketOptions.tcp(AF_INET)) {
                SocketOptions.setSendTimeout(socket, TimeUnit.MILLISECONDS.toNanos(WAIT_MILLIS));
                long begun = System.nanoTime();
                int first = connect(socket, AF_INET, SILENT, 80);
                long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
                return List.of((long) first, took, (long) connect(socket, AF_INET, SILENT, 80));
            }
        });
        List<Long> all = get(told);
        assertThat(all.get(0)).isEqualTo(Errno.EINPROGRESS);
        assertThat(all.get(1)).isGreaterThanOrEqualTo(WAIT_MILLIS);
        assertThat(all.get(2)).isEqualTo(Errno.EALREADY);
    }
}
