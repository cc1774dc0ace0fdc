// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.NotifyLedger.Entry;
import dev.kelp.linux.ProcessDescriptors.Copies;
import dev.kelp.linux.ProcessDescriptors.Membership;
import dev.kelp.linux.SeccompNotify.Call;
import dev.kelp.linux.SeccompNotify.Notification;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A thread of this process as the program that is asked about.
@Timeout(30)
class SeccompNotifyKernelTest {
    private static final long OWNER = 7;

    private final CompletableFuture<Fd> listener = new CompletableFuture<>();

    private interface Program {
        int run() throws IOException;
    }

    /// Runs on a thread of its own that has its calls asked about.
    private Future<Integer> start(Program program) {
        FutureTask<Integer> task = new FutureTask<>(() -> {
            listener.complete(SeccompNotify.listenOnThisThread(Set.of(Call.CONNECT, Call.BIND)));
            return program.run();
        });
        Thread.ofPlatform().daemon(true).start(task);
        return task;
    }

    private static int connect(Fd socket, InetSocketAddress to) {
        return -SocketOptions.connect(socket, SocketAddress.write(SocketOptions.AF_INET, to));
    }

    private static Entry next(NotifyLedger ledger, Fd listener) throws ErrnoException {
        Poll.await(listener, Poll.POLLIN, -1);
        return ledger.receive(listener, OWNER).orElseThrow();
    }

    @Test
    void aCallIsAnsweredForTheKernel() throws Exception {
        Future<Integer> result = start(() -> {
            try (Fd socket = SocketOptions.tcp(SocketOptions.AF_INET)) {
                return connect(socket, new InetSocketAddress("192.0.2.1", 99));
            }
        });
        try (NotifyLedger ledger = NotifyLedger.create();
                Fd listen = listener.get()) {
            Entry e = next(ledger, listen);
            Notification n = e.notification();
            assertThat(n.call()).contains(Call.CONNECT);
            try (ProcessDescriptors process = ProcessDescriptors.ofThread(n.thread())) {
                SocketAddress to = SocketAddress.read(process.memory(n.address(), n.length()))
                        .orElseThrow();
                assertThat(to.address().getHostAddress()).isEqualTo("192.0.2.1");
                assertThat(to.port()).isEqualTo(99);
            }
            assertThat(SeccompNotify.waits(listen, n.id())).isTrue();
            assertThat(SeccompNotify.finish(listen, n.id(), Errno.ECONNREFUSED)).isTrue();
            assertThat(SeccompNotify.waits(listen, n.id())).isFalse();
            assertThat(SeccompNotify.proceed(listen, n.id())).isFalse();
            ledger.forget(e.slot());
        }
        assertThat(result.get()).isEqualTo(-Errno.ECONNREFUSED);
    }

    @Test
    void aNotificationOutlivesItsReceiver() throws Exception {
        Future<Integer> result = start(() -> {
            try (Fd socket = SocketOptions.tcp(SocketOptions.AF_INET)) {
                return connect(socket, new InetSocketAddress("192.0.2.1", 99));
            }
        });
        try (NotifyLedger first = NotifyLedger.create();
                Fd listen = listener.get()) {
            Notification n = next(first, listen).notification();
            try (NotifyLedger second = NotifyLedger.open(first.memory().duplicate())) {
                List<NotifyLedger.Left> left = second.left();
                assertThat(left).hasSize(1);
                assertThat(left.getFirst().owner()).isEqualTo(OWNER);
                assertThat(left.getFirst().entry().notification()).isEqualTo(n);
                SeccompNotify.finish(listen, n.id(), 0);
                second.forget(left.getFirst().entry().slot());
                assertThat(first.left()).isEmpty();
            }
        }
        assertThat(result.get()).isZero();
    }

    @Test
    void aSocketIsReplacedWhereverItIsWaitedFor() throws Exception {
        Fd target = InetSockets.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1);
        InetSocketAddress address = InetSockets.local(target);
        Fd waited = SocketOptions.tcp(SocketOptions.AF_INET);
        SocketOptions.setReuseAddress(waited);
        Libc.fcntl(waited.number(), Libc.F_SETFL, Inodes.O_NONBLOCK);
        Epoll set = Epoll.create();
        set.add(waited, Epoll.OUT | Epoll.EDGE, 4711);
        Fd twin = waited.duplicate();
        Fd stranger = SocketOptions.tcp(SocketOptions.AF_INET);
        Epoll strangers = Epoll.create();
        strangers.add(stranger, Epoll.OUT, 4712);
        Future<Integer> result = start(() -> connect(waited, address));
        EpollTransfer transfer = new EpollTransfer();
        try (NotifyLedger ledger = NotifyLedger.create();
                Fd listen = listener.get()) {
            Notification n = next(ledger, listen).notification();
            try (ProcessDescriptors process = ProcessDescriptors.ofThread(n.thread());
                    Fd old = process.take(n.descriptor())) {
                Copies copies = process.copies(old);
                assertThat(copies.sockets()).containsExactlyInAnyOrder(waited.number(), twin.number(), old.number());
                assertThat(copies.epolls()).hasSize(1);
                assertThat(process.closesOnExec(waited.number())).isTrue();
                List<Membership> members = new ArrayList<>();
                for (int epoll : copies.epolls()) {
                    members.addAll(process.memberships(epoll, old));
                }
                assertThat(members).hasSize(1);
                assertThat(members.getFirst().data()).isEqualTo(4711);
                try (Fd other = SocketOptions.tcpLike(old, new SocketOptions.Untouched(SocketOptions.AF_INET), true)) {
                    assertThat(SocketOptions.isIdle(other)).isTrue();
                    assertThat(SeccompNotify.replace(listen, n.id(), other, waited.number(), true))
                            .isTrue();
                    transfer.add(process, members.getFirst());
                }
                assertThat(SeccompNotify.proceed(listen, n.id())).isTrue();
            }
        }
        assertThat(result.get()).isIn(0, -Errno.EINPROGRESS);
        CompletableFuture<Long> told = new CompletableFuture<>();
        while (!told.isDone()) {
            set.await(10_000, (key, events) -> {
                if ((events & (Epoll.OUT | Epoll.HUP)) == Epoll.OUT) {
                    told.complete(key);
                }
            });
        }
        assertThat(told.get()).isEqualTo(4711);
        assertThat(InetSockets.accept(target)).isNotNull();
        for (AutoCloseable used : List.of(set, strangers, waited, twin, stranger, target)) {
            used.close();
        }
    }

    @Test
    void socketsOfOtherNetworksAreToldApart() throws Exception {
        try (Fd here = SocketOptions.tcp(SocketOptions.AF_INET);
                Fd alsoHere = SocketOptions.tcp(SocketOptions.AF_INET6);
                Fd there = NetworkNamespaces.insideNew(() -> SocketOptions.tcp(SocketOptions.AF_INET))) {
            assertThat(SocketOptions.networkCookie(here)).isEqualTo(SocketOptions.networkCookie(alsoHere));
            assertThat(SocketOptions.networkCookie(here)).isNotEqualTo(SocketOptions.networkCookie(there));
            assertThat(SocketOptions.tcpFamily(alsoHere)).isEqualTo(SocketOptions.AF_INET6);
        }
        try (Fd datagrams = InetSockets.datagrams(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            assertThat(SocketOptions.tcpFamily(datagrams)).isZero();
        }
        // a raw socket for TCP, raw(7)
        try (Fd raw = NetworkNamespaces.insideNew(
                () -> Fd.own(Libc.check(Libc.call(Syscall.SOCKET, SocketOptions.AF_INET, 3, 6), "socket", "raw")))) {
            assertThat(SocketOptions.tcpFamily(raw)).isZero();
        }
    }

    @Test
    void aFilterStaysForGood() throws Exception {
        var drop = List.of(new SocketOptions.Instruction(0x06, 0, 0, 0));
        // newer kernels ask for rights over the network
        try (Fd socket = NetworkNamespaces.insideNew(() -> SocketOptions.tcp(SocketOptions.AF_INET))) {
            assertThat(SocketOptions.isTied(socket)).isFalse();
            SocketOptions.attachFilterForGood(socket, drop);
            assertThat(SocketOptions.isTied(socket)).isTrue();
            assertThatThrownBy(() -> SocketOptions.attachFilterForGood(socket, drop))
                    .isInstanceOf(ErrnoException.class)
                    .hasMessageContaining("EPERM");
        }
    }

    @Test
    void addressesAreReadAsWhatTheyAre() throws Exception {
        InetSocketAddress v4 = new InetSocketAddress("127.0.0.1", 8080);
        byte[] mapped = SocketAddress.write(SocketOptions.AF_INET6, v4);
        SocketAddress read = SocketAddress.read(mapped).orElseThrow();
        assertThat(read.address()).isEqualTo(v4.getAddress());
        assertThat(read.family()).isEqualTo(SocketOptions.AF_INET6);
        assertThat(read.port()).isEqualTo(8080);
        assertThat(SocketAddress.read(new byte[] {1, 0, 'x'})).isEqualTo(Optional.empty());
        assertThat(SocketAddress.read(new byte[] {2, 0, 1})).isEqualTo(Optional.empty());
    }
}
