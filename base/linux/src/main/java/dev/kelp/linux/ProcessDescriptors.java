// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Descriptors and memory of another process (pidfd_getfd(2), process_vm_readv(2), proc_pid_fd(5)). Needs the rights of
/// ptrace(2) over it.
public final class ProcessDescriptors implements AutoCloseable {
    /// The most descriptors of a process that are looked at.
    public static final int DESCRIPTORS_MAX = 65536;

    /// The most comparisons in one search.
    private static final int COMPARISONS_MAX = 100_000;

    /// The most descriptors of one socket, and of epoll sets that wait for it.
    private static final int COPIES_MAX = 1024;

    /// Numbers up to this one are looked through whatever is open.
    private static final int SMALL_TABLE = 64;

    /// A directory entry in /proc takes as long as so many comparisons.
    private static final int NAME_COSTS = 4;

    /// So many free numbers in a row: it may be time to count. The next time it is so many times as many.
    private static final int FREE_IN_A_ROW = 2;
    private static final int FREE_GROWS = 4;

    private static final int STATX_SIZE = 0x200;
    private static final int STATX_SIZE_AT = 40;

    private static final int OWN_ID = (int) ProcessHandle.current().pid();

    // what kcmp(2) says of files
    private static final int LESS = 1;

    /// The most bytes of what the kernel says of one descriptor, and of all epoll sets: those list their members.
    private static final int INFO_BYTES_MAX = 16 << 20;

    private static final int INFO_BYTES = 4096;
    private static final int INFO_BYTES_LEAST = 256;

    // PIDFD_THREAD, since Linux 6.9
    private static final int THREAD = 0x80;
    private static final int KCMP_FILE = 0;
    private static final int KCMP_EPOLL_TFD = 7;

    /// The most members of an epoll set with one number that are looked at.
    private static final int SAME_NUMBER_MAX = 64;

    private static final String EPOLL_LINK = "anon_inode:[eventpoll]";

    private final int thread;
    private final String folder;
    private final @Nullable Recent recent;
    private Fd pidfd;
    private int comparisonsLeft = COMPARISONS_MAX;
    private int membershipBytesLeft = INFO_BYTES_MAX;

    private ProcessDescriptors(int thread, Fd pidfd, @Nullable Recent recent) {
        this.thread = thread;
        this.folder = "/proc/" + thread + "/";
        this.pidfd = pidfd;
        this.recent = recent;
    }

    /// Those of a thread, by its id.
    public static ProcessDescriptors ofThread(int thread) throws ErrnoException {
        int r = Libc.call(Syscall.PIDFD_OPEN, thread, THREAD);
        if (r == -Errno.EINVAL) {
            r = Libc.call(Syscall.PIDFD_OPEN, processOf(thread), 0);
        }
        return new ProcessDescriptors(thread, Fd.own(checkOpened(r, thread)), null);
    }

    private static int checkOpened(int pidfd, int thread) throws ErrnoException {
        return Libc.check(pidfd, "pidfd_open", Integer.toString(thread));
    }

    /// Keeps descriptors of threads whose [ProcessDescriptors] were closed: who connects once does so again, and to
    /// open a pidfd takes longer than most of what it is for. That a thread has ended by then, and its id is
    /// another's,
    /// shows in [ProcessDescriptors#take]. One thread at a time.
    public static final class Recent implements AutoCloseable {
        /// The most that are kept.
        public static final int KEPT_MAX = 16;

        private final LinkedHashMap<Integer, Fd> kept = new LinkedHashMap<>();
        private boolean closed;

        /// Keeps nothing yet.
        public Recent() {}

        /// The same as [ProcessDescriptors#ofThread].
        public ProcessDescriptors ofThread(int thread) throws ErrnoException {
            Fd known = kept.remove(thread);
            if (known != null) {
                return new ProcessDescriptors(thread, known, this);
            }
            int r = Libc.call(Syscall.PIDFD_OPEN, thread, THREAD);
            // a process' pidfd would not tell whether the thread is still one of it: it is not kept
            return r == -Errno.EINVAL
                    ? ProcessDescriptors.ofThread(thread)
                    : new ProcessDescriptors(thread, Fd.own(checkOpened(r, thread)), this);
        }

        private void keep(int thread, Fd pidfd) {
            if (closed || kept.containsKey(thread)) {
                pidfd.close();
                return;
            }
            kept.put(thread, pidfd);
            if (kept.size() > KEPT_MAX) {
                kept.pollFirstEntry().getValue().close();
            }
        }

        @Override
        public void close() {
            closed = true;
            kept.values().forEach(Fd::close);
            kept.clear();
        }
    }

    /// A kernel without descriptors of threads: nearly always they share the process' files.
    private static int processOf(int thread) throws ErrnoException {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/" + thread + "/status"))) {
                if (line.startsWith("Tgid:")) {
                    return Integer.parseInt(line.substring("Tgid:".length()).strip());
                }
            }
        } catch (IOException e) {
            // gone: said below
        }
        throw new ErrnoException("pidfd_open", Errno.ESRCH, Integer.toString(thread));
    }

    public Fd pidfd() {
        return pidfd;
    }

    /// A duplicate of one of its descriptors. Whatever the original says, this one is closed on execve(2).
    public Fd take(int number) throws ErrnoException {
        int r = Libc.call(Syscall.PIDFD_GETFD, pidfd.number(), number, 0);
        if (r == -Errno.ESRCH && recent != null) {
            // of a thread that had the id before, or this one has just ended: then this fails as well
            pidfd.close();
            pidfd = Fd.own(checkOpened(Libc.call(Syscall.PIDFD_OPEN, thread, THREAD), thread));
            r = Libc.call(Syscall.PIDFD_GETFD, pidfd.number(), number, 0);
        }
        return Fd.own(Libc.check(r, "pidfd_getfd", Integer.toString(number)));
    }

    /// A copy of up to `length` bytes of its memory; fewer when what follows cannot be read.
    public byte[] memory(long address, int length) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment vectors = arena.allocate(32, 8);
            MemorySegment copy = arena.allocate(Math.max(1, length), 8);
            vectors.set(JAVA_LONG, 0, copy.address());
            vectors.set(JAVA_LONG, 8, length);
            vectors.set(JAVA_LONG, 16, address);
            vectors.set(JAVA_LONG, 24, length);
            int n = Libc.call(Syscall.PROCESS_VM_READV, thread, vectors.address(), 1, vectors.address() + 16, 1, 0);
            return copy.asSlice(0, Libc.check(n, "process_vm_readv", Integer.toString(thread)))
                    .toArray(JAVA_BYTE);
        }
    }

    /// The network namespace it is in; the caller owns the descriptor.
    public Fd networkNamespace() throws ErrnoException {
        return Inodes.open(folder + "ns/net", Inodes.O_RDONLY);
    }

    /// Its descriptors of one socket, and those of the epoll sets that wait for it.
    public record Copies(List<Integer> sockets, List<Integer> epolls) {}

    /// Looks through all it has open. Programs have thousands of descriptors: to compare each with kcmp(2) takes
    /// half a microsecond, to read its name in /proc twenty. Others wait meanwhile, so there are limits.
    ///
    /// @param socket as [#take] gave it
    /// @throws ErrnoException EMFILE when there are more descriptors, or more to compare, than is looked at
    public Copies copies(Fd socket) throws ErrnoException {
        return copies(socket, COMPARISONS_MAX);
    }

    Copies copies(Fd socket, int most) throws ErrnoException {
        comparisonsLeft = most;
        int self = compareWith(socket, 0);
        if (self == -Errno.ENOSYS || self == -Errno.EPERM) {
            return few(namedCopies(Inodes.stat(socket).inode()));
        }
        Copies copies = new Copies(new ArrayList<>(), new ArrayList<>());
        List<Integer> others = new ArrayList<>();
        sort(socket, self, copies.sockets(), others);
        if (copies.sockets().isEmpty() || others.isEmpty()) {
            return few(copies);
        }
        MemorySegment slot = Libc.scratch();
        for (int set : sets(others, copies.sockets().getFirst(), slot)) {
            if (waits(set, copies.sockets(), slot)) {
                copies.epolls().add(set);
            }
        }
        return few(copies);
    }

    /// The kernel gives the lowest free number, so nearly always what is open has low ones: they are looked through
    /// until some in a row are free and as many were found as there are.
    private void sort(Fd socket, int first, List<Integer> sockets, List<Integer> others) throws ErrnoException {
        int free = sort(first, 0, sockets, others) ? 0 : 1;
        int enough = FREE_IN_A_ROW;
        for (int number = 1; number < SMALL_TABLE || number < NAME_COSTS * others.size(); number++) {
            free = sort(compareWith(socket, number), number, sockets, others) ? 0 : free + 1;
            if (free == enough) {
                if (sockets.size() + others.size() >= count()) {
                    return;
                }
                enough *= FREE_GROWS;
            }
        }
        sockets.clear();
        others.clear();
        for (int number : numbers()) {
            sort(compareWith(socket, number), number, sockets, others);
        }
    }

    /// @param compared what kcmp(2) says of this number
    /// @return whether there is one of this number
    private static boolean sort(int compared, int number, List<Integer> sockets, List<Integer> others) {
        if (compared == 0) {
            sockets.add(number);
        } else if (compared > 0) {
            others.add(number);
        }
        return compared >= 0;
    }

    /// How many descriptors it has, since Linux 6.2; a number that none has before.
    private int count() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stat = Libc.scratch();
            MemorySegment path = Libc.string(arena, folder + "fd");
            Libc.check(
                    Libc.call(Syscall.STATX, Fd.CWD.number(), path.address(), 0, STATX_SIZE, stat.address(), 0),
                    "stat",
                    "descriptors of " + thread);
            int size = stat.get(JAVA_INT, STATX_SIZE_AT);
            return size == 0 ? Integer.MAX_VALUE : size;
        }
    }

    private int compareWith(Fd own, int number) throws ErrnoException {
        if (--comparisonsLeft < 0) {
            throw tooMany();
        }
        return Libc.call(Syscall.KCMP, OWN_ID, thread, KCMP_FILE, own.number(), number, 0);
    }

    private Copies few(Copies copies) throws ErrnoException {
        if (copies.sockets().size() + copies.epolls().size() > COPIES_MAX) {
            throw tooMany();
        }
        return copies;
    }

    private ErrnoException tooMany() {
        return new ErrnoException("compare", Errno.EMFILE, "the descriptors of " + thread);
    }

    /// All numbers that may be descriptors. One with a large number makes a large table, which is nearly empty
    /// then.
    private List<Integer> numbers() throws ErrnoException {
        int end = tableSize();
        int open = count();
        if (end <= DESCRIPTORS_MAX && open >= end / NAME_COSTS) {
            return IntStream.range(0, end).boxed().toList();
        }
        try (Fd dir = Inodes.open(folder + "fd", Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            return names(dir).stream().map(Integer::valueOf).toList();
        }
    }

    private List<String> names(Fd dir) throws ErrnoException {
        List<String> names = Inodes.list(dir, DESCRIPTORS_MAX);
        if (names.size() > DESCRIPTORS_MAX) {
            throw tooMany();
        }
        return names;
    }

    private int compare(int what, int one, long other) throws ErrnoException {
        if (--comparisonsLeft < 0) {
            throw tooMany();
        }
        return Libc.call(Syscall.KCMP, thread, thread, what, one, other, 0);
    }

    /// Those that are epoll sets', one of each: kcmp(2) has an order of files.
    private List<Integer> sets(List<Integer> numbers, int socket, MemorySegment slot) throws ErrnoException {
        List<Integer> sorted = new ArrayList<>();
        for (int number : numbers) {
            slot.set(JAVA_INT, 0, number);
            slot.set(JAVA_INT, 4, socket);
            slot.set(JAVA_INT, 8, 0);
            int member = compare(KCMP_EPOLL_TFD, socket, slot.address());
            if (member < 0 && member != -Errno.ENOENT) {
                continue;
            }
            int from = 0;
            int to = sorted.size();
            int r = -1;
            while (from < to && r != 0) {
                int middle = (from + to) >>> 1;
                r = compare(KCMP_FILE, number, sorted.get(middle));
                if (r == LESS) {
                    to = middle;
                } else {
                    from = middle + 1;
                }
            }
            if (r != 0) {
                sorted.add(from, number);
            }
        }
        return sorted;
    }

    /// Whether the socket is a member of an epoll set.
    ///
    /// @param sockets its numbers: a set knows the one under which it was added
    private boolean waits(int epoll, List<Integer> sockets, MemorySegment slot) throws ErrnoException {
        slot.set(JAVA_INT, 0, epoll);
        for (int number : sockets) {
            slot.set(JAVA_INT, 4, number);
            for (int same = 0; same < SAME_NUMBER_MAX; same++) {
                // members whose descriptor was closed and used again, while a duplicate kept them alive, are several
                slot.set(JAVA_INT, 8, same);
                int r = compare(KCMP_EPOLL_TFD, number, slot.address());
                if (r == 0) {
                    return true;
                }
                if (r < 0) {
                    break;
                }
            }
        }
        return false;
    }

    /// No descriptor has a number as large.
    private int tableSize() throws ErrnoException {
        String text = text("status", INFO_BYTES);
        int at = text.indexOf("\nFDSize:");
        int end = text.indexOf('\n', at + 1);
        if (at < 0 || end < 0) {
            throw new ErrnoException("read", Errno.EIO, "status of " + thread);
        }
        return Integer.parseInt(text.substring(at + "\nFDSize:".length(), end).strip());
    }

    /// The same by names; of the sets it cannot tell which ones wait for the socket.
    private Copies namedCopies(long inode) throws ErrnoException {
        String wanted = "socket:[" + inode + "]";
        List<Integer> sockets = new ArrayList<>();
        List<Integer> epolls = new ArrayList<>();
        try (Fd dir = Inodes.open(folder + "fd", Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            for (String name : names(dir)) {
                String link = link(dir, name);
                if (link.equals(wanted)) {
                    sockets.add(Integer.parseInt(name));
                } else if (link.equals(EPOLL_LINK)) {
                    epolls.add(Integer.parseInt(name));
                }
            }
        }
        return new Copies(sockets, epolls);
    }

    private static String link(Fd dir, String name) {
        try {
            return Inodes.readlink(dir, name);
        } catch (ErrnoException e) {
            // closed meanwhile
            return "";
        }
    }

    public boolean closesOnExec(int number) throws ErrnoException {
        // that of a socket is short
        String info = text("fdinfo/" + number, INFO_BYTES_LEAST);
        int at = info.indexOf("flags:");
        int end = info.indexOf('\n', Math.max(0, at));
        if (at < 0 || end < 0) {
            throw new ErrnoException("read", Errno.EIO, "fdinfo");
        }
        long flags = Long.parseLong(info.substring(at + "flags:".length(), end).strip(), 8);
        return (flags & Inodes.O_CLOEXEC) != 0;
    }

    /// What an epoll set waits for of one of its members.
    ///
    /// @param epoll the set's descriptor
    /// @param number of the member when it was added
    /// @param events with the flags of epoll_ctl(2)
    /// @param data what the process gets back
    public record Membership(int epoll, int number, int events, long data) {}

    /// A socket's memberships in an epoll set.
    ///
    /// @param socket as [#take] gave it
    public List<Membership> memberships(int epoll, Fd socket) throws ErrnoException {
        List<Membership> found = new ArrayList<>();
        long inode = Inodes.stat(socket).inode();
        String mark = " ino:" + Long.toHexString(inode) + " ";
        String info = info(epoll);
        membershipBytesLeft -= info.length();
        if (membershipBytesLeft < 0) {
            throw new ErrnoException("read", Errno.EFBIG, "epoll sets of " + thread);
        }
        for (int at = info.indexOf(mark); at >= 0; at = info.indexOf(mark, at + 1)) {
            String line = info.substring(info.lastIndexOf('\n', at) + 1, at);
            found.add(new Membership(
                    epoll,
                    Integer.parseInt(field(line, "tfd:")),
                    (int) Long.parseLong(field(line, "events:"), 16),
                    Long.parseUnsignedLong(field(line, "data:"), 16)));
        }
        return found;
    }

    private static String field(String line, String name) throws ErrnoException {
        int at = line.indexOf(name);
        if (at < 0) {
            throw new ErrnoException("read", Errno.EIO, "fdinfo of an epoll set: " + line);
        }
        String rest = line.substring(at + name.length()).stripLeading();
        int end = rest.indexOf(' ');
        return end < 0 ? rest : rest.substring(0, end);
    }

    private String info(int number) throws ErrnoException {
        return text("fdinfo/" + number, INFO_BYTES);
    }

    private String text(String name, int bytes) throws ErrnoException {
        try (Fd file = Inodes.open(folder + name, Inodes.O_RDONLY);
                Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(bytes);
            StringBuilder text = new StringBuilder();
            int n;
            do {
                n = Pipes.read(file, buffer);
                text.append(new String(buffer.asSlice(0, n).toArray(JAVA_BYTE), StandardCharsets.US_ASCII));
                if (text.length() > INFO_BYTES_MAX) {
                    throw new ErrnoException("read", Errno.EFBIG, name + " of " + thread);
                }
                // the kernel fills what it is given, as long as there is more
            } while (n == bytes);
            return text.toString();
        }
    }

    @Override
    public void close() {
        if (recent != null && pidfd.isOpen()) {
            recent.keep(thread, Fd.own(pidfd.release()));
        } else {
            pidfd.close();
        }
    }
}
