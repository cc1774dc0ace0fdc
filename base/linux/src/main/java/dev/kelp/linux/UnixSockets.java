// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Unix domain sockets with descriptor passing (unix(7), SCM_RIGHTS, SO_PEERCRED). All calls block: platform threads
/// only.
public final class UnixSockets {
    /// The kernel's SCM_MAX_FD is 253; nobody here sends more than this.
    public static final int DESCRIPTORS_MAX = 64;

    /// sun_path holds 108 bytes with its NUL.
    public static final int PATH_BYTES_MAX = 107;

    private static final int AF_UNIX = 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x4000_0000;
    private static final int MSG_CTRUNC = 8;
    private static final int CMSG_HEADER = 16;

    private UnixSockets() {}

    /// socket(2) types.
    public enum Type {
        STREAM(1),
        DGRAM(2),
        SEQPACKET(5);

        private final int number;

        Type(int number) {
            this.number = number;
        }
    }

    /// Who is at the other end (SO_PEERCRED), as this user namespace sees it.
    public record Peer(int pid, int uid, int gid) {}

    /// What one recvmsg(2) gave: the number of bytes (0 at the end) and the descriptors, which the caller now owns.
    public record Received(int bytes, List<Fd> descriptors) {}

    /// Connects to the socket at `path`. A path too long for sun_path goes through `/proc/self/fd` of its folder.
    public static Fd connect(String path, Type type) throws ErrnoException {
        Fd socket =
                Fd.own(Libc.check(Libc.call(Syscall.SOCKET, AF_UNIX, type.number | SOCK_CLOEXEC, 0), "socket", path));
        try (Arena arena = Arena.ofConfined()) {
            withAddress(arena, path, (address, length) -> {
                int r;
                do {
                    r = Libc.call(Syscall.CONNECT, socket.number(), address, length);
                } while (r == -Errno.EINTR);
                Libc.check(r, "connect", path);
            });
            return socket;
        } catch (ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    /// Binds `path` and listens. The file mode follows the umask: make the folder private.
    public static Fd listen(String path, Type type, int backlog) throws ErrnoException {
        Fd socket =
                Fd.own(Libc.check(Libc.call(Syscall.SOCKET, AF_UNIX, type.number | SOCK_CLOEXEC, 0), "socket", path));
        try (Arena arena = Arena.ofConfined()) {
            withAddress(
                    arena,
                    path,
                    (address, length) ->
                            Libc.check(Libc.call(Syscall.BIND, socket.number(), address, length), "bind", path));
            Libc.check(Libc.call(Syscall.LISTEN, socket.number(), backlog), "listen", path);
            return socket;
        } catch (ErrnoException e) {
            socket.close();
            throw e;
        }
    }

    private interface AddressUse {
        void call(long address, long length) throws ErrnoException;
    }

    private static void withAddress(Arena arena, String path, AddressUse use) throws ErrnoException {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= PATH_BYTES_MAX) {
            address(arena, bytes, use);
            return;
        }
        int slash = path.lastIndexOf('/');
        try (Fd dir = Inodes.open(path.substring(0, slash), Inodes.O_PATH | Inodes.O_DIRECTORY)) {
            address(arena, (dir.procPath() + path.substring(slash)).getBytes(StandardCharsets.UTF_8), use);
        }
    }

    private static void address(Arena arena, byte[] path, AddressUse use) throws ErrnoException {
        if (path.length > PATH_BYTES_MAX) {
            throw new ErrnoException("connect", Errno.ENAMETOOLONG, new String(path, StandardCharsets.UTF_8));
        }
        MemorySegment a = arena.allocate(110, 2);
        a.set(JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(path, 0, a, JAVA_BYTE, 2, path.length);
        use.call(a.address(), 2L + path.length + 1);
    }

    public static Fd[] pair(Type type) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(8, 4);
            Libc.check(
                    Libc.call(Syscall.SOCKETPAIR, AF_UNIX, type.number | SOCK_CLOEXEC, 0, two.address()),
                    "socketpair",
                    "unix");
            return new Fd[] {Fd.own(two.get(JAVA_INT, 0)), Fd.own(two.get(JAVA_INT, 4))};
        }
    }

    /// accept4(2); EINTR and ECONNABORTED are tried again.
    public static Fd accept(Fd listener) throws ErrnoException {
        while (true) {
            int r = Libc.call(Syscall.ACCEPT4, listener.number(), 0, 0, SOCK_CLOEXEC);
            if (r != -Errno.EINTR && r != -103) {
                return Fd.own(Libc.check(r, "accept", listener.toString()));
            }
        }
    }

    public static Peer peer(Fd socket) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment cred = arena.allocate(12, 4);
            MemorySegment length = arena.allocate(4, 4);
            length.set(JAVA_INT, 0, 12);
            Libc.check(
                    Libc.call(
                            Syscall.GETSOCKOPT,
                            socket.number(),
                            SOL_SOCKET,
                            SO_PEERCRED,
                            cred.address(),
                            length.address(),
                            0),
                    "getsockopt",
                    "SO_PEERCRED");
            return new Peer(cred.get(JAVA_INT, 0), cred.get(JAVA_INT, 4), cred.get(JAVA_INT, 8));
        }
    }

    /// shutdown(2): `how` 0 no more reads, 1 no more writes, 2 both.
    public static void shutdown(Fd socket, int how) throws ErrnoException {
        Libc.check(Libc.call(Syscall.SHUTDOWN, socket.number(), how), "shutdown", socket.toString());
    }

    /// sendmsg(2) of all of `data`; the descriptors go with its first byte. `data` must not be empty. The
    /// descriptors stay the caller's.
    public static void send(Fd socket, byte[] data, List<Fd> descriptors) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(data.length);
            MemorySegment.copy(data, 0, buffer, JAVA_BYTE, 0, data.length);
            long sent = sendOnce(arena, socket, buffer, descriptors);
            while (sent < data.length) {
                sent += sendOnce(arena, socket, buffer.asSlice(sent), List.of());
            }
        }
    }

    private static long sendOnce(Arena arena, Fd socket, MemorySegment data, List<Fd> descriptors)
            throws ErrnoException {
        MemorySegment control = MemorySegment.NULL;
        if (!descriptors.isEmpty()) {
            long length = CMSG_HEADER + 4L * descriptors.size();
            control = arena.allocate((length + 7) & ~7L, 8);
            control.set(JAVA_LONG, 0, length);
            control.set(JAVA_INT, 8, SOL_SOCKET);
            control.set(JAVA_INT, 12, SCM_RIGHTS);
            for (int i = 0; i < descriptors.size(); i++) {
                control.set(JAVA_INT, CMSG_HEADER + 4L * i, descriptors.get(i).number());
            }
        }
        MemorySegment message = message(arena, data, control);
        while (true) {
            int r = Libc.call(Syscall.SENDMSG, socket.number(), message.address(), MSG_NOSIGNAL);
            if (r == -Errno.EAGAIN) {
                Poll.await(socket, Poll.POLLOUT, -1);
            } else if (r != -Errno.EINTR) {
                return Libc.check(r, "sendmsg", socket.toString());
            }
        }
    }

    /// recvmsg(2) into `buffer[offset …]`, at most `length` bytes. Too many descriptors: EINVAL, none is kept.
    public static Received receive(Fd socket, byte[] buffer, int offset, int length) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(Math.max(1, length));
            MemorySegment control = arena.allocate(CMSG_HEADER + 4L * DESCRIPTORS_MAX, 8);
            MemorySegment message = message(arena, data.asSlice(0, length), control);
            int r;
            while (true) {
                r = Libc.call(Syscall.RECVMSG, socket.number(), message.address(), MSG_CMSG_CLOEXEC);
                if (r == -Errno.EAGAIN) {
                    Poll.await(socket, Poll.POLLIN, -1);
                } else if (r != -Errno.EINTR) {
                    break;
                }
            }
            Libc.check(r, "recvmsg", socket.toString());
            List<Fd> descriptors = descriptors(message, control);
            MemorySegment.copy(data, JAVA_BYTE, 0, buffer, offset, r);
            return new Received(r, descriptors);
        }
    }

    private static List<Fd> descriptors(MemorySegment message, MemorySegment control) throws ErrnoException {
        List<Fd> found = new ArrayList<>();
        long length = message.get(JAVA_LONG, 40);
        if (length >= CMSG_HEADER
                && control.get(JAVA_INT, 8) == SOL_SOCKET
                && control.get(JAVA_INT, 12) == SCM_RIGHTS) {
            long count = (control.get(JAVA_LONG, 0) - CMSG_HEADER) / 4;
            for (int i = 0; i < count; i++) {
                found.add(Fd.own(control.get(JAVA_INT, CMSG_HEADER + 4L * i)));
            }
        }
        if ((message.get(JAVA_INT, 48) & MSG_CTRUNC) != 0) {
            found.forEach(Fd::close);
            throw new ErrnoException("recvmsg", Errno.EINVAL, "more than " + DESCRIPTORS_MAX + " descriptors");
        }
        return found;
    }

    /// struct msghdr of 64-bit Linux: name, namelen, iov, iovlen, control, controllen, flags.
    private static MemorySegment message(Arena arena, MemorySegment data, MemorySegment control) {
        MemorySegment iov = arena.allocate(16, 8);
        iov.set(JAVA_LONG, 0, data.address());
        iov.set(JAVA_LONG, 8, data.byteSize());
        MemorySegment m = arena.allocate(56, 8);
        m.set(JAVA_LONG, 16, iov.address());
        m.set(JAVA_LONG, 24, 1);
        m.set(JAVA_LONG, 32, control.address());
        m.set(JAVA_LONG, 40, control.byteSize());
        return m;
    }
}
