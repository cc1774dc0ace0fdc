// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.kelp.linux.ProcessDescriptors.Membership;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/// Puts sockets into epoll sets of other processes. A member of a set is a file *and* the number under which it was
/// added (epoll_ctl(2)), so whoever adds it must have it under the number that the other process will use.
///
/// That takes a thread with a table of descriptors of its own, empty but for what it works with. It loads no classes
/// and opens no files: the JVM's are not open there.
public final class EpollTransfer {
    private static final int CLONE_FILES = 0x400;
    private static final int CTL_ADD = 1;
    private static final int CTL_MOD = 3;
    private static final boolean PACKED = System.getProperty("os.arch", "").equals("amd64");
    private static final int DATA_OFFSET = PACKED ? 4 : 8;
    private static final int EVENT_BYTES = 16;
    private static final int LAST = -1;

    private final LinkedBlockingQueue<Request> requests = new LinkedBlockingQueue<>();

    /// All that the working thread needs, with classes that are loaded before it lets go of the JVM's files.
    private static final class Request {
        private final int pidfd;
        private final int epoll;
        private final int number;
        private final int events;
        private final long data;
        private final AtomicInteger result = new AtomicInteger(1);
        private final CountDownLatch done = new CountDownLatch(1);

        Request(int pidfd, int epoll, int number, int events, long data) {
            this.pidfd = pidfd;
            this.epoll = epoll;
            this.number = number;
            this.events = events;
            this.data = data;
        }
    }

    /// Starts the thread, which waits until it is needed.
    public EpollTransfer() throws ErrnoException {
        int self = Libc.check(
                Libc.call(Syscall.PIDFD_OPEN, ProcessHandle.current().pid(), 0), "pidfd_open", "this process");
        Request first = new Request(LAST, 0, 0, 0, 0);
        requests.add(first);
        Thread.ofPlatform().name("kelp-epoll-transfer").daemon(true).start(() -> live(self));
        await(first);
    }

    /// Adds the socket that the process now has under the membership's number.
    ///
    /// @param process whose set and socket it is
    public void add(ProcessDescriptors process, Membership membership) throws ErrnoException {
        Request r = new Request(
                process.pidfd().number(),
                membership.epoll(),
                membership.number(),
                membership.events(),
                membership.data());
        requests.add(r);
        Libc.check(await(r), "epoll_ctl", "descriptor " + membership.number() + " of another process");
    }

    /// Takes microseconds, and the answer must not be lost: an interrupt is put off.
    private static int await(Request r) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    r.done.await();
                    return r.result.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    // -------- the thread with descriptors of its own

    private void live(int self) {
        MemorySegment event = Arena.global().allocate(EVENT_BYTES, 8);
        // everything runs once with the JVM's files still there
        add(self, new Request(LAST, LAST, 0, 0, 0), event);
        int r = Libc.call(Syscall.UNSHARE, CLONE_FILES);
        if (r == 0) {
            Libc.call(Syscall.CLOSE_RANGE, 0, self - 1L, 0);
            r = Libc.call(Syscall.CLOSE_RANGE, self + 1L, 0xffff_ffffL, 0);
        }
        int ready = r;
        while (true) {
            try {
                Request request = requests.take();
                request.result.set(request.pidfd == LAST ? ready : ready < 0 ? ready : add(self, request, event));
                request.done.countDown();
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static int add(int self, Request q, MemorySegment event) {
        // out of the way of the number that is wanted: the lowest one above it
        int above = q.number + 1;
        int own = self;
        if (own == q.number) {
            own = Libc.fcntl(self, Libc.F_DUPFD_CLOEXEC, above);
        }
        int process = moved(Libc.call(Syscall.PIDFD_GETFD, own, q.pidfd, 0), above);
        int epoll = moved(Libc.call(Syscall.PIDFD_GETFD, process, q.epoll, 0), above);
        int socket = moved(Libc.call(Syscall.PIDFD_GETFD, process, q.number, 0), above);
        int r = Math.min(Math.min(process, epoll), socket);
        if (r >= 0) {
            r = Libc.call(Syscall.DUP3, socket, q.number, Inodes.O_CLOEXEC);
        }
        if (r >= 0) {
            event.set(JAVA_INT, 0, q.events);
            event.set(JAVA_LONG_UNALIGNED, DATA_OFFSET, q.data);
            r = Libc.call(Syscall.EPOLL_CTL, epoll, CTL_ADD, q.number, event.address());
            if (r == -Errno.EEXIST) {
                r = Libc.call(Syscall.EPOLL_CTL, epoll, CTL_MOD, q.number, event.address());
            }
            Libc.call(Syscall.CLOSE, q.number);
        }
        close(socket);
        close(epoll);
        close(process);
        if (own != self) {
            Libc.call(Syscall.DUP3, own, self, Inodes.O_CLOEXEC);
            close(own);
        }
        return r;
    }

    private static int moved(int fd, int above) {
        if (fd < 0 || fd >= above) {
            return fd;
        }
        int high = Libc.fcntl(fd, Libc.F_DUPFD_CLOEXEC, above);
        close(fd);
        return high;
    }

    private static void close(int fd) {
        if (fd >= 0) {
            Libc.call(Syscall.CLOSE, fd);
        }
    }
}
