// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/// What a TCP socket is and how it was set (socket(7), tcp(7), ip(7), ipv6(7)), read from the socket itself, so that
/// another one can be made like it.
public final class SocketOptions {
    public static final int AF_INET = 2;
    public static final int AF_INET6 = 10;

    private static final int SOCK_STREAM = 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int IPPROTO_TCP = 6;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SO_SNDBUF = 7;
    private static final int SO_RCVBUF = 8;
    private static final int SO_SNDTIMEO = 21;
    private static final int SO_BINDTODEVICE = 25;
    private static final int SO_GET_FILTER = 26;
    private static final int SO_DOMAIN = 39;
    private static final int SO_NETNS_COOKIE = 71;
    private static final int SO_BINDTOIFINDEX = 62;
    private static final int SO_BUF_LOCK = 72;
    private static final int LOCKED_SEND = 1;
    private static final int LOCKED_RECEIVE = 2;
    private static final int TCP_INFO = 11;
    private static final int TCP_ESTABLISHED = 1;
    private static final int TCP_SYN_SENT = 2;
    private static final int TCP_CLOSE = 7;
    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_V6ONLY = 26;
    private static final int VALUE_BYTES_MAX = 16;

    /// Where a value lies in [Libc#scratch]; its length lies at the beginning.
    private static final int VALUE = 16;

    /// Options that are copied, each a level, a name and the size of its value.
    ///
    /// Not among them: TCP_MAXSEG, which reads as what was negotiated; TCP_QUICKACK, which lasts for a moment;
    /// marks,
    /// devices and routes, which mean something else in another network; TCP_FASTOPEN_CONNECT, which would put off
    /// the
    /// first packet.
    private static final int[][] COPIED = {
        {SOL_SOCKET, SO_REUSEADDR, 4},
        {SOL_SOCKET, 9, 4}, // SO_KEEPALIVE
        {SOL_SOCKET, 10, 4}, // SO_OOBINLINE
        {SOL_SOCKET, 12, 4}, // SO_PRIORITY
        {SOL_SOCKET, 13, 8}, // SO_LINGER
        {SOL_SOCKET, 15, 4}, // SO_REUSEPORT
        {SOL_SOCKET, 18, 4}, // SO_RCVLOWAT
        {SOL_SOCKET, 20, 16}, // SO_RCVTIMEO
        {SOL_SOCKET, SO_SNDTIMEO, 16},
        {SOL_SOCKET, 29, 4}, // SO_TIMESTAMP
        {SOL_SOCKET, 60, 4}, // SO_ZEROCOPY
        {IPPROTO_TCP, 1, 4}, // TCP_NODELAY
        {IPPROTO_TCP, 3, 4}, // TCP_CORK
        {IPPROTO_TCP, 4, 4}, // TCP_KEEPIDLE
        {IPPROTO_TCP, 5, 4}, // TCP_KEEPINTVL
        {IPPROTO_TCP, 6, 4}, // TCP_KEEPCNT
        {IPPROTO_TCP, 7, 4}, // TCP_SYNCNT
        {IPPROTO_TCP, 8, 4}, // TCP_LINGER2
        {IPPROTO_TCP, 9, 4}, // TCP_DEFER_ACCEPT
        {IPPROTO_TCP, 10, 4}, // TCP_WINDOW_CLAMP
        {IPPROTO_TCP, 13, 16}, // TCP_CONGESTION
        {IPPROTO_TCP, 18, 4}, // TCP_USER_TIMEOUT
        {IPPROTO_TCP, 23, 4}, // TCP_FASTOPEN
        {IPPROTO_TCP, 25, 4}, // TCP_NOTSENT_LOWAT
        {0, 1, 4}, // IP_TOS
        {0, 2, 4}, // IP_TTL
        {0, 10, 4}, // IP_MTU_DISCOVER
        {0, 24, 4}, // IP_BIND_ADDRESS_NO_PORT
    };

    private static final int[][] COPIED_IPV6 = {
        {IPPROTO_IPV6, IPV6_V6ONLY, 4},
        {IPPROTO_IPV6, 16, 4}, // IPV6_UNICAST_HOPS
        {IPPROTO_IPV6, 67, 4}, // IPV6_TCLASS
    };

    private static final int SO_ATTACH_FILTER = 26;
    private static final int SO_LOCK_FILTER = 44;

    private SocketOptions() {}

    /// What a TCP socket is, and how far its connection is.
    ///
    /// @param family AF_INET or AF_INET6
    /// @param state as `enum` in linux/tcp.h has it
    public record Tcp(int family, int state) {
        /// Whether it neither listens nor has, or is making, a connection.
        public boolean isIdle() {
            return state == TCP_CLOSE;
        }

        /// Whether its connection is on its way.
        public boolean isConnecting() {
            return state == TCP_SYN_SENT;
        }
    }

    /// Empty when it is another socket or none at all. Of all that AF_INET and AF_INET6 have, TCP and what
    /// is built on it (IPPROTO_MPTCP) alone know TCP_INFO.
    public static Optional<Tcp> tcpOf(Fd fd) {
        try {
            int family = number(fd, SOL_SOCKET, SO_DOMAIN);
            return family == AF_INET || family == AF_INET6 ? Optional.of(new Tcp(family, state(fd))) : Optional.empty();
        } catch (ErrnoException e) {
            return Optional.empty();
        }
    }

    /// The family of a TCP socket; 0 when it is another one or none at all.
    public static int tcpFamily(Fd fd) {
        return tcpOf(fd).map(Tcp::family).orElse(0);
    }

    /// Tells the network namespaces of sockets apart, for as long as the machine runs.
    public static long networkCookie(Fd socket) throws ErrnoException {
        read(socket, SOL_SOCKET, SO_NETNS_COOKIE, 8);
        return Libc.scratch().get(JAVA_LONG, VALUE);
    }

    /// Whether it neither listens nor has, or is making, a connection.
    public static boolean isIdle(Fd socket) throws ErrnoException {
        return state(socket) == TCP_CLOSE;
    }

    /// Whether its connection is on its way.
    public static boolean isConnecting(Fd socket) throws ErrnoException {
        return state(socket) == TCP_SYN_SENT;
    }

    /// What came of a connect(2) that was not waited for: EINPROGRESS, 0 or why it failed, which is told once.
    public static int outcome(Fd socket) throws ErrnoException {
        return switch (state(socket)) {
            case TCP_SYN_SENT -> Errno.EINPROGRESS;
            case TCP_ESTABLISHED -> 0;
            default -> InetSockets.error(socket);
        };
    }

    private static int state(Fd socket) throws ErrnoException {
        read(socket, IPPROTO_TCP, TCP_INFO, 4);
        return Libc.scratch().get(JAVA_BYTE, VALUE);
    }

    /// How long a blocking call may take that sends or connects (SO_SNDTIMEO, a struct timeval); 0: as long as it
    /// does.
    public static long sendTimeoutNanos(Fd socket) throws ErrnoException {
        read(socket, SOL_SOCKET, SO_SNDTIMEO, VALUE_BYTES_MAX);
        MemorySegment scratch = Libc.scratch();
        return TimeUnit.SECONDS.toNanos(scratch.get(JAVA_LONG, VALUE))
                + TimeUnit.MICROSECONDS.toNanos(scratch.get(JAVA_LONG, VALUE + 8));
    }

    /// The same for the setting.
    public static void setSendTimeout(Fd socket, long nanos) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(VALUE_BYTES_MAX, 8);
            value.set(JAVA_LONG, 0, TimeUnit.NANOSECONDS.toSeconds(nanos));
            value.set(JAVA_LONG, 8, TimeUnit.NANOSECONDS.toMicros(nanos) % TimeUnit.SECONDS.toMicros(1));
            Libc.check(
                    Libc.call(
                            Syscall.SETSOCKOPT,
                            socket.number(),
                            SOL_SOCKET,
                            SO_SNDTIMEO,
                            value.address(),
                            VALUE_BYTES_MAX,
                            0),
                    "setsockopt",
                    "SO_SNDTIMEO");
        }
    }

    /// Whether it is tied to what another network has not: an interface, a filter of its own.
    public static boolean isTied(Fd socket) throws ErrnoException {
        return read(socket, SOL_SOCKET, SO_BINDTODEVICE, VALUE_BYTES_MAX) > 0
                || read(socket, SOL_SOCKET, SO_GET_FILTER, 0) > 0;
    }

    /// Ties it to an interface, for packets in and out (SO_BINDTOIFINDEX, Linux 5.7 for everybody). Only who has
    /// CAP_NET_RAW over its network can untie it, or tie it to another.
    public static void tie(Fd socket, int link) throws ErrnoException {
        set(socket, SOL_SOCKET, SO_BINDTOIFINDEX, link);
    }

    /// Whether an IPv6 socket refuses IPv4.
    public static boolean isIpv6Only(Fd socket) throws ErrnoException {
        return number(socket, IPPROTO_IPV6, IPV6_V6ONLY) != 0;
    }

    public static void setReuseAddress(Fd socket) throws ErrnoException {
        set(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    }

    /// A fresh TCP socket of this thread's network.
    public static Fd tcp(int family) throws ErrnoException {
        return tcp(family, false);
    }

    private static Fd tcp(int family, boolean nonBlocking) throws ErrnoException {
        int type = SOCK_STREAM | SOCK_CLOEXEC | (nonBlocking ? SOCK_NONBLOCK : 0);
        return Fd.own(Libc.check(Libc.call(Syscall.SOCKET, family, type, IPPROTO_TCP), "socket", "tcp"));
    }

    /// What the options of a TCP socket are that nobody set. Read once, it spares whoever makes many sockets like
    /// others half of the work.
    public static final class Untouched {
        private final int family;
        private final long[] values = new long[2 * (COPIED.length + COPIED_IPV6.length)];

        /// Of this thread's network.
        public Untouched(int family) throws ErrnoException {
            this.family = family;
            try (Fd socket = tcp(family)) {
                for (int i = 0; i < count(); i++) {
                    int[] o = option(i);
                    if (tryRead(socket, o[0], o[1], o[2]) >= 0) {
                        values[2 * i] = Libc.scratch().get(JAVA_LONG, VALUE);
                        values[2 * i + 1] = Libc.scratch().get(JAVA_LONG, VALUE + 8);
                    }
                }
            }
        }

        private int count() {
            return family == AF_INET6 ? COPIED.length + COPIED_IPV6.length : COPIED.length;
        }

        private static int[] option(int i) {
            return i < COPIED.length ? COPIED[i] : COPIED_IPV6[i - COPIED.length];
        }

        private boolean is(int i, MemorySegment scratch) {
            return values[2 * i] == scratch.get(JAVA_LONG, VALUE)
                    && values[2 * i + 1] == scratch.get(JAVA_LONG, VALUE + 8);
        }
    }

    /// A fresh TCP socket of this thread's network that is set as another one is.
    ///
    /// @param untouched for the family of both
    /// @param nonBlocking its O_NONBLOCK
    public static Fd tcpLike(Fd other, Untouched untouched, boolean nonBlocking) throws ErrnoException {
        Fd made = tcp(untouched.family, nonBlocking);
        try {
            for (int i = 0; i < untouched.count(); i++) {
                copy(other, made, untouched, i);
            }
            copyBuffers(other, made);
            return made;
        } catch (ErrnoException e) {
            made.close();
            throw e;
        }
    }

    private static void copy(Fd from, Fd to, Untouched untouched, int i) {
        int[] option = Untouched.option(i);
        // negative: a kernel without the option, neither socket has it
        int length = tryRead(from, option[0], option[1], option[2]);
        MemorySegment scratch = Libc.scratch();
        if (length >= 0 && !untouched.is(i, scratch)) {
            Libc.call(Syscall.SETSOCKOPT, to.number(), option[0], option[1], scratch.address() + VALUE, length, 0);
        }
    }

    /// Sizes nobody chose are left to the kernel, which lets them grow. It shows twice what was asked for.
    private static void copyBuffers(Fd from, Fd to) throws ErrnoException {
        if (tryRead(from, SOL_SOCKET, SO_BUF_LOCK, 4) < 0) {
            // before Linux 5.14
            return;
        }
        int locked = Libc.scratch().get(JAVA_INT, VALUE);
        if ((locked & LOCKED_SEND) != 0) {
            set(to, SOL_SOCKET, SO_SNDBUF, number(from, SOL_SOCKET, SO_SNDBUF) / 2);
        }
        if ((locked & LOCKED_RECEIVE) != 0) {
            set(to, SOL_SOCKET, SO_RCVBUF, number(from, SOL_SOCKET, SO_RCVBUF) / 2);
        }
    }

    /// One instruction of a classic BPF program, struct sock_filter.
    public record Instruction(int operation, int ifTrue, int ifFalse, int value) {}

    /// Has a program look at each packet for the socket, and for those it accepts, for good: 0 drops it.
    public static void attachFilterForGood(Fd socket, List<Instruction> program) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment code = arena.allocate(8L * program.size(), 8);
            for (int i = 0; i < program.size(); i++) {
                Instruction p = program.get(i);
                SeccompNotify.instruction(code, i, p.operation(), p.ifTrue(), p.ifFalse(), p.value());
            }
            MemorySegment whole = arena.allocate(16, 8);
            whole.set(JAVA_SHORT, 0, (short) program.size());
            whole.set(JAVA_LONG, 8, code.address());
            Libc.check(
                    Libc.call(
                            Syscall.SETSOCKOPT, socket.number(), SOL_SOCKET, SO_ATTACH_FILTER, whole.address(), 16, 0),
                    "setsockopt",
                    "SO_ATTACH_FILTER");
            set(socket, SOL_SOCKET, SO_LOCK_FILTER, 1);
        }
    }

    public static boolean isNonBlocking(Fd fd) {
        int flags = Libc.fcntl(fd.number(), Libc.F_GETFL, 0);
        return flags >= 0 && (flags & Inodes.O_NONBLOCK) != 0;
    }

    public static void setNonBlocking(Fd fd, boolean on) {
        Libc.fcntl(fd.number(), Libc.F_SETFL, on ? Inodes.O_NONBLOCK : 0);
    }

    /// connect(2): 0 or errno. With a socket that blocks this does, too.
    public static int connect(Fd socket, byte[] address) {
        MemorySegment copy = Libc.scratch();
        MemorySegment.copy(address, 0, copy, JAVA_BYTE, 0, address.length);
        return -Libc.call(Syscall.CONNECT, socket.number(), copy.address(), address.length);
    }

    /// The same with the address in a direct buffer, which the kernel reads as it is then.
    public static int connect(Fd socket, ByteBuffer direct) {
        MemorySegment address = MemorySegment.ofBuffer(direct);
        try {
            return -Libc.call(Syscall.CONNECT, socket.number(), address.address(), address.byteSize());
        } finally {
            // the collector sees no use of the buffer in the call, and would free it under a call that waits
            Reference.reachabilityFence(direct);
        }
    }

    /// bind(2) to an address as the program wrote it or as [SocketAddress#write] makes it.
    public static void bind(Fd socket, byte[] address) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = arena.allocate(address.length, 8);
            MemorySegment.copy(address, 0, a, JAVA_BYTE, 0, address.length);
            Libc.check(
                    Libc.call(Syscall.BIND, socket.number(), a.address(), address.length),
                    "bind",
                    Arrays.toString(address));
        }
    }

    public static void listen(Fd socket, int backlog) throws ErrnoException {
        Libc.check(Libc.call(Syscall.LISTEN, socket.number(), backlog), "listen", socket.toString());
    }

    private static void set(Fd socket, int level, int option, int number) throws ErrnoException {
        MemorySegment v = Libc.scratch();
        v.set(JAVA_INT, 0, number);
        int r = Libc.call(Syscall.SETSOCKOPT, socket.number(), level, option, v.address(), 4, 0);
        if (r < 0) {
            throw new ErrnoException("setsockopt", -r, level + "/" + option);
        }
    }

    private static int number(Fd socket, int level, int option) throws ErrnoException {
        read(socket, level, option, 4);
        return Libc.scratch().get(JAVA_INT, VALUE);
    }

    /// Reads an option into the scratch memory, at [#VALUE].
    ///
    /// @return the length that getsockopt(2) tells
    private static int read(Fd socket, int level, int option, int size) throws ErrnoException {
        int r = tryRead(socket, level, option, size);
        if (r < 0) {
            throw new ErrnoException("getsockopt", -r, level + "/" + option);
        }
        return r;
    }

    /// The same with −errno for a failure.
    private static int tryRead(Fd socket, int level, int option, int size) {
        MemorySegment scratch = Libc.scratch();
        scratch.set(JAVA_INT, 0, size);
        scratch.set(JAVA_LONG, VALUE, 0);
        scratch.set(JAVA_LONG, VALUE + 8, 0);
        long at = scratch.address();
        int r = Libc.call(Syscall.GETSOCKOPT, socket.number(), level, option, at + VALUE, at, 0);
        return r < 0 ? r : scratch.get(JAVA_INT, 0);
    }
}
