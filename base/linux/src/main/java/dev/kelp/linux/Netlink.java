// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A netlink socket (netlink(7)) for requests that are acknowledged and dumps. It belongs to the network namespace of
/// the thread that opened it and serves one request at a time, from any thread.
final class Netlink implements AutoCloseable {
    static final int NETLINK_ROUTE = 0;

    static final int NLM_F_REQUEST = 1;
    static final int NLM_F_ACK = 4;
    static final int NLM_F_DUMP = 0x300;
    static final int NLM_F_EXCL = 0x200;
    static final int NLM_F_REPLACE = 0x100;
    static final int NLM_F_CREATE = 0x400;

    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int NLM_F_CAPPED = 0x100;
    private static final int NLM_F_ACK_TLVS = 0x200;
    private static final int NLMSGERR_ATTR_MSG = 1;

    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private static final int SOL_NETLINK = 270;
    private static final int NETLINK_CAP_ACK = 10;
    private static final int NETLINK_EXT_ACK = 11;

    /// The kernel fills at most this in one datagram of a dump.
    private static final int BUFFER_BYTES = 64 << 10;

    private final Fd socket;
    private int sequence;

    private Netlink(Fd socket) {
        this.socket = socket;
    }

    static Netlink open(int family) throws ErrnoException {
        Fd socket = Fd.own(
                Libc.check(Libc.call(Syscall.SOCKET, AF_NETLINK, SOCK_RAW_CLOEXEC, family), "socket", "netlink"));
        // The kernel's own words for what it refuses, and no copy of the request; kernels before 4.12 lack both.
        option(socket, NETLINK_EXT_ACK);
        option(socket, NETLINK_CAP_ACK);
        return new Netlink(socket);
    }

    private static void option(Fd socket, int option) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment on = arena.allocate(4, 4);
            on.set(JAVA_INT, 0, 1);
            Libc.call(Syscall.SETSOCKOPT, socket.number(), SOL_NETLINK, option, on.address(), 4, 0);
        }
    }

    /// Sends a request and waits for its acknowledgement.
    ///
    /// @param subject what the request is about, for the error
    synchronized void request(NetlinkMessage message, String subject) throws ErrnoException {
        exchange(message, subject);
    }

    /// Sends a request for a dump (NLM_F_DUMP), or for one thing (NLM_F_ACK), and gives the payloads of its
    /// answers.
    synchronized List<ByteBuffer> dump(NetlinkMessage message, String subject) throws ErrnoException {
        return exchange(message, subject);
    }

    private List<ByteBuffer> exchange(NetlinkMessage message, String subject) throws ErrnoException {
        int expected = ++sequence;
        byte[] request = message.finish(expected);
        Pipes.writeAll(socket, request, 0, request.length);
        List<ByteBuffer> answers = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER_BYTES, 8);
            while (true) {
                int n = Pipes.read(socket, buffer);
                byte[] copy = buffer.asSlice(0, n).toArray(JAVA_BYTE);
                if (take(ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN), expected, subject, answers)) {
                    return answers;
                }
            }
        }
    }

    /// @return whether the answer is complete
    private static boolean take(ByteBuffer in, int expected, String subject, List<ByteBuffer> answers)
            throws ErrnoException {
        while (in.remaining() >= NetlinkMessage.HEADER_BYTES) {
            int start = in.position();
            int length = in.getInt(start);
            if (length < NetlinkMessage.HEADER_BYTES || length > in.remaining()) {
                throw new ErrnoException("netlink", Errno.EIO, subject);
            }
            ByteBuffer payload = in.slice(start + NetlinkMessage.HEADER_BYTES, length - NetlinkMessage.HEADER_BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN);
            // What is left of an earlier request that was given up is skipped.
            if (in.getInt(start + 8) == expected) {
                switch (Short.toUnsignedInt(in.getShort(start + 4))) {
                    case NLMSG_ERROR -> {
                        refuse(payload, Short.toUnsignedInt(in.getShort(start + 6)), subject);
                        return true;
                    }
                    case NLMSG_DONE -> {
                        return true;
                    }
                    default -> answers.add(payload);
                }
            }
            in.position(Math.min(in.limit(), start + (length + 3 & ~3)));
        }
        return false;
    }

    /// Throws when the acknowledgement is an error.
    private static void refuse(ByteBuffer payload, int flags, String subject) throws ErrnoException {
        int errno = -payload.getInt(0);
        if (errno == 0) {
            return;
        }
        String words = "";
        if ((flags & NLM_F_ACK_TLVS) != 0) {
            // error number, header of the request and, unless capped, the request itself
            int request = (flags & NLM_F_CAPPED) != 0 ? NetlinkMessage.HEADER_BYTES : payload.getInt(4);
            ByteBuffer rest =
                    payload.slice(4 + request, payload.limit() - 4 - request).order(ByteOrder.LITTLE_ENDIAN);
            byte[] text = NetlinkAttributes.of(rest).bytes(NLMSGERR_ATTR_MSG);
            words = text == null ? "" : ": " + new String(text, StandardCharsets.UTF_8).replace("\0", "");
        }
        throw new ErrnoException("netlink", errno, subject + words);
    }

    @Override
    public void close() {
        socket.close();
    }
}
