// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/// TCP and UDP sockets (ip(7), ipv6(7), tcp(7), udp(7)) as descriptors, where a channel of the JDK does not do: to be
/// kept by the holder, spliced, or bound to addresses that are not this machine's. All are non-blocking; what would
/// block says so by its result. A socket belongs to the network namespace of the thread that made it.
public final class InetSockets {
    /// A result: not now (EAGAIN).
    public static final int WOULD_BLOCK = -1;

    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int FLAGS = 0x80000 | 0x800;
    private static final int SOL_SOCKET = 1;
    private static final int SO_REUSEADDR = 2;
    private static final int SO_ERROR = 4;
    private static final int IPPROTO_IP = 0;
    private static final int IP_PKTINFO = 8;
    private static final int IP_TRANSPARENT = 19;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int TCP_CONGESTION = 13;
    private static final byte[] RENO = "reno".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    private static final int IPPROTO_IPV6 = 41;
    private static final int IPV6_V6ONLY = 26;
    private static final int IPV6_RECVPKTINFO = 49;
    private static final int IPV6_PKTINFO = 50;
    private static final int IPV6_TRANSPARENT = 75;
    private static final int SPLICE_F_MOVE_NONBLOCK = 1 | 2;
    private static final int MSG_NOSIGNAL = 0x4000;

    /// The largest UDP payload.
    public static final int DATAGRAM_BYTES_MAX = 65535;

    private static final int ADDRESS_BYTES = 28;

    // in Libc.scratch(): struct msghdr, its iovec, a socket address, and control data with one struct in(6)_pktinfo
    private static final int IOVEC_OFFSET = 56;
    private static final int NAME_OFFSET = 72;
    private static final int CONTROL_OFFSET = 104;
    private static final int CONTROL_BYTES = 40;
    private static final int CMSG_HEADER = 16;
    private static final int PKTINFO_BYTES = 12;
    private static final int PKTINFO_V6_BYTES = 20;

    private InetSockets() {}

    /// A listening TCP socket. An IPv6 one takes IPv6 only: whoever wants both families makes two.
    public static Fd listen(InetSocketAddress address, int backlog) throws ErrnoException {
        Fd socket = bound(address, SOCK_STREAM);
        try {
            Libc.check(Libc.call(Syscall.LISTEN, socket.number(), backlog), "listen", address.toString());
            return socket;
        } catch (ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /// A UDP socket that receives at an address.
    public static Fd datagrams(InetSocketAddress address) throws ErrnoException {
        return bound(address, SOCK_DGRAM);
    }

    private static Fd bound(InetSocketAddress address, int type) throws ErrnoException {
        Fd socket = socket(address.getAddress(), type);
        try (Arena arena = Arena.ofConfined()) {
            // a UDP socket must not share its port, and REUSEADDR would let it
            if (type == SOCK_STREAM) {
                option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
            }
            if (address.getAddress() instanceof Inet6Address) {
                option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 1);
            }
            bind(arena, socket, address);
            return socket;
        } catch (ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /// A socket on its way to `target`: it can be written when it is connected, or [#error] says why not.
    ///
    /// @param source null: the kernel's choice. Else this foreign address is shown to the target (IP_TRANSPARENT,
    /// needs
    ///     CAP_NET_ADMIN over the namespace, and routes that lead the answers back)
    public static Fd connect(InetSocketAddress target, @Nullable InetAddress source) throws ErrnoException {
        return connected(target, source == null ? null : new InetSocketAddress(source, 0), SOCK_STREAM);
    }

    /// A UDP socket that speaks with `target` only; see [#connect].
    public static Fd datagramsTo(InetSocketAddress target, @Nullable InetSocketAddress source) throws ErrnoException {
        return connected(target, source, SOCK_DGRAM);
    }

    private static Fd connected(InetSocketAddress target, @Nullable InetSocketAddress source, int type)
            throws ErrnoException {
        Fd socket = socket(target.getAddress(), type);
        try (Arena arena = Arena.ofConfined()) {
            if (source != null) {
                transparent(socket, source.getAddress());
                option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
                bind(arena, socket, source);
            }
            connect(arena, socket, target);
            return socket;
        } catch (ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    private static void connect(Arena arena, Fd socket, InetSocketAddress target) throws ErrnoException {
        MemorySegment to = address(arena, target);
        int r = Libc.call(Syscall.CONNECT, socket.number(), to.address(), to.byteSize());
        if (r != -Errno.EINPROGRESS) {
            Libc.check(r, "connect", target.toString());
        }
    }

    private static void bind(Arena arena, Fd socket, InetSocketAddress address) throws ErrnoException {
        MemorySegment own = address(arena, address);
        Libc.check(Libc.call(Syscall.BIND, socket.number(), own.address(), own.byteSize()), "bind", address.toString());
    }

    private static void transparent(Fd socket, InetAddress address) throws ErrnoException {
        if (address instanceof Inet4Address) {
            option(socket, IPPROTO_IP, IP_TRANSPARENT, 1);
        } else {
            option(socket, IPPROTO_IPV6, IPV6_TRANSPARENT, 1);
        }
    }

    private static Fd socket(InetAddress address, int type) throws ErrnoException {
        int family = address instanceof Inet4Address ? AF_INET : AF_INET6;
        return Fd.own(Libc.check(Libc.call(Syscall.SOCKET, family, type | FLAGS, 0), "socket", address.toString()));
    }

    private static void option(Fd socket, int level, int option, int value) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment v = arena.allocate(4, 4);
            v.set(JAVA_INT, 0, value);
            Libc.check(
                    Libc.call(Syscall.SETSOCKOPT, socket.number(), level, option, v.address(), 4, 0),
                    "setsockopt",
                    level + "/" + option);
        }
    }

    /// Sends small pieces at once (TCP_NODELAY): what is relayed was already put together by its sender.
    public static void withoutDelay(Fd socket) throws ErrnoException {
        option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    }

    /// Sends as fast as the other side takes it (TCP_CONGESTION `reno`, which every kernel has and allows
    /// everybody),
    /// whatever this machine does for connections to others: for those that never leave it.
    public static void withoutPacing(Fd socket) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom(JAVA_BYTE, RENO);
            Libc.check(
                    Libc.call(
                            Syscall.SETSOCKOPT,
                            socket.number(),
                            IPPROTO_TCP,
                            TCP_CONGESTION,
                            name.address(),
                            name.byteSize(),
                            0),
                    "setsockopt",
                    "TCP_CONGESTION");
        }
    }

    /// The next connection; null when there is none now.
    public static @Nullable Fd accept(Fd listener) throws ErrnoException {
        while (true) {
            int r = Libc.call(Syscall.ACCEPT4, listener.number(), 0, 0, FLAGS);
            if (r == -Errno.EAGAIN) {
                return null;
            }
            // a connection that is gone before it was taken, accept(2)
            if (r != -Errno.EINTR && r != -Errno.ECONNABORTED) {
                return Fd.own(Libc.check(r, "accept", listener.toString()));
            }
        }
    }

    /// SO_ERROR: 0, or the errno the socket failed with; reading it clears it.
    public static int error(Fd socket) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(8, 4);
            value.set(JAVA_INT, 4, 4);
            Libc.check(
                    Libc.call(
                            Syscall.GETSOCKOPT,
                            socket.number(),
                            SOL_SOCKET,
                            SO_ERROR,
                            value.address(),
                            value.address() + 4,
                            0),
                    "getsockopt",
                    "SO_ERROR");
            return value.get(JAVA_INT, 0);
        }
    }

    public static InetSocketAddress local(Fd socket) throws ErrnoException {
        return name(Syscall.GETSOCKNAME, socket);
    }

    public static InetSocketAddress remote(Fd socket) throws ErrnoException {
        return name(Syscall.GETPEERNAME, socket);
    }

    private static InetSocketAddress name(Syscall call, Fd socket) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = arena.allocate(ADDRESS_BYTES, 4);
            MemorySegment length = arena.allocate(4, 4);
            length.set(JAVA_INT, 0, ADDRESS_BYTES);
            Libc.check(
                    Libc.call(call, socket.number(), a.address(), length.address()), "getsockname", socket.toString());
            return read(a);
        }
    }

    /// Has [#receive] tell at which of this machine's addresses a datagram arrived (IP_PKTINFO, IPV6_RECVPKTINFO):
    /// for a socket that is bound to all of them.
    public static void tellArrival(Fd socket) throws ErrnoException {
        if (local(socket).getAddress() instanceof Inet4Address) {
            option(socket, IPPROTO_IP, IP_PKTINFO, 1);
        } else {
            option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
        }
    }

    /// A datagram and who sent it.
    ///
    /// @param arrival the address of this machine that it was sent to; null when the socket does not tell
    ///     ([#tellArrival]), or when it was sent to many
    public record Datagram(
            int bytes, InetSocketAddress sender, @Nullable InetAddress arrival) {}

    /// recvmsg(2) into a direct buffer, which then holds the datagram; null when there is none now.
    public static @Nullable Datagram receive(Fd socket, ByteBuffer direct) throws ErrnoException {
        MemorySegment buffer = MemorySegment.ofBuffer(direct.clear());
        MemorySegment message = message(buffer, ADDRESS_BYTES, CONTROL_BYTES);
        int n = Libc.call(Syscall.RECVMSG, socket.number(), message.address(), 0);
        if (n == -Errno.EAGAIN || n == -Errno.EINTR) {
            return null;
        }
        direct.limit(Libc.check(n, "recvmsg", socket.toString()));
        return new Datagram(n, read(message.asSlice(NAME_OFFSET, ADDRESS_BYTES)), arrival(message));
    }

    /// What one control message says; a socket of [#tellArrival] gets no other.
    private static @Nullable InetAddress arrival(MemorySegment message) throws ErrnoException {
        MemorySegment control = message.asSlice(CONTROL_OFFSET, CONTROL_BYTES);
        if (message.get(JAVA_LONG, 40) < CMSG_HEADER + PKTINFO_BYTES) {
            return null;
        }
        int level = control.get(JAVA_INT, 8);
        int type = control.get(JAVA_INT, 12);
        if (level == IPPROTO_IP && type == IP_PKTINFO) {
            // ipi_spec_dst: for what was sent to all, the address to answer from
            return address(control.asSlice(CMSG_HEADER + 4, 4).toArray(JAVA_BYTE), 0);
        }
        if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO) {
            byte[] bytes = control.asSlice(CMSG_HEADER, 16).toArray(JAVA_BYTE);
            InetAddress address = address(bytes, control.get(JAVA_INT, CMSG_HEADER + 16));
            return address.isMulticastAddress() ? null : address;
        }
        return null;
    }

    /// sendmsg(2) of what remains in a direct buffer, as one datagram.
    ///
    /// @param target null: the one the socket is connected with
    /// @param source the address of this machine that it is to come from; null: the socket's own, or the kernel's
    ///     choice
    /// @return bytes, or WOULD_BLOCK: a datagram that does not fit is lost, as on any network
    public static int send(
            Fd socket, ByteBuffer direct, @Nullable InetSocketAddress target, @Nullable InetAddress source)
            throws ErrnoException {
        int controlBytes = source == null ? 0 : source instanceof Inet4Address ? CMSG_HEADER + 16 : CONTROL_BYTES;
        MemorySegment message = message(MemorySegment.ofBuffer(direct), 0, controlBytes);
        if (target != null) {
            message.set(JAVA_INT, 8, write(message.asSlice(NAME_OFFSET, ADDRESS_BYTES), target));
        }
        if (source != null) {
            leaveFrom(message.asSlice(CONTROL_OFFSET, CONTROL_BYTES), source);
        }
        int n = Libc.call(Syscall.SENDMSG, socket.number(), message.address(), MSG_NOSIGNAL);
        return n == -Errno.EAGAIN ? WOULD_BLOCK : Libc.check(n, "sendmsg", String.valueOf(target));
    }

    private static void leaveFrom(MemorySegment control, InetAddress source) {
        byte[] bytes = source.getAddress();
        boolean v4 = bytes.length == 4;
        control.fill((byte) 0);
        control.set(JAVA_LONG, 0, CMSG_HEADER + (v4 ? PKTINFO_BYTES : PKTINFO_V6_BYTES));
        control.set(JAVA_INT, 8, v4 ? IPPROTO_IP : IPPROTO_IPV6);
        control.set(JAVA_INT, 12, v4 ? IP_PKTINFO : IPV6_PKTINFO);
        MemorySegment.copy(bytes, 0, control, JAVA_BYTE, CMSG_HEADER + (v4 ? 4 : 0), bytes.length);
        if (source instanceof Inet6Address v6 && v6.isLinkLocalAddress()) {
            control.set(JAVA_INT, CMSG_HEADER + 16, v6.getScopeId());
        }
    }

    /// struct msghdr of 64-bit Linux in this thread's scratch memory.
    private static MemorySegment message(MemorySegment data, int nameBytes, int controlBytes) {
        MemorySegment m = Libc.scratch();
        m.asSlice(0, CONTROL_OFFSET).fill((byte) 0);
        m.set(JAVA_LONG, 0, m.address() + NAME_OFFSET);
        m.set(JAVA_INT, 8, nameBytes);
        m.set(JAVA_LONG, 16, m.address() + IOVEC_OFFSET);
        m.set(JAVA_LONG, 24, 1);
        m.set(JAVA_LONG, 32, m.address() + CONTROL_OFFSET);
        m.set(JAVA_LONG, 40, controlBytes);
        m.set(JAVA_LONG, IOVEC_OFFSET, data.address());
        m.set(JAVA_LONG, IOVEC_OFFSET + 8, data.byteSize());
        return m;
    }

    /// splice(2) between a socket and a pipe, without copying: bytes moved, 0 at the end of the input, WOULD_BLOCK
    /// when
    /// nothing moves now.
    public static int splice(Fd from, Fd to, int bytesMax) throws ErrnoException {
        int n;
        do {
            n = Libc.call(Syscall.SPLICE, from.number(), 0, to.number(), 0, bytesMax, SPLICE_F_MOVE_NONBLOCK);
        } while (n == -Errno.EINTR);
        return n == -Errno.EAGAIN ? WOULD_BLOCK : Libc.check(n, "splice", from + " to " + to);
    }

    /// struct sockaddr_in or sockaddr_in6.
    private static MemorySegment address(Arena arena, InetSocketAddress address) {
        MemorySegment a = arena.allocate(ADDRESS_BYTES, 4);
        return a.asSlice(0, write(a, address));
    }

    /// @return its bytes
    private static int write(MemorySegment a, InetSocketAddress address) {
        byte[] bytes = address.getAddress().getAddress();
        boolean v4 = bytes.length == 4;
        a.fill((byte) 0);
        a.set(JAVA_SHORT, 0, (short) (v4 ? AF_INET : AF_INET6));
        a.set(JAVA_BYTE, 2, (byte) (address.getPort() >> 8));
        a.set(JAVA_BYTE, 3, (byte) address.getPort());
        MemorySegment.copy(bytes, 0, a, JAVA_BYTE, v4 ? 4 : 8, bytes.length);
        if (address.getAddress() instanceof Inet6Address v6) {
            a.set(JAVA_INT, 24, v6.getScopeId());
        }
        return v4 ? 16 : ADDRESS_BYTES;
    }

    private static InetSocketAddress read(MemorySegment a) throws ErrnoException {
        int port = Byte.toUnsignedInt(a.get(JAVA_BYTE, 2)) << 8 | Byte.toUnsignedInt(a.get(JAVA_BYTE, 3));
        boolean v4 = a.get(JAVA_SHORT, 0) == AF_INET;
        byte[] bytes = a.asSlice(v4 ? 4 : 8, v4 ? 4 : 16).toArray(JAVA_BYTE);
        return new InetSocketAddress(address(bytes, v4 ? 0 : a.get(JAVA_INT, 24)), port);
    }

    private static InetAddress address(byte[] bytes, int scope) throws ErrnoException {
        try {
            return bytes.length == 4 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, scope);
        } catch (UnknownHostException e) {
            throw new ErrnoException(
                    "getsockname", Errno.EIO, ByteBuffer.wrap(bytes).toString());
        }
    }
}
