// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// Reading and writing descriptors: pipes, FIFOs, files, memfd. All calls block: platform threads only.
/// A descriptor somebody else made non-blocking is waited for by poll(2); its flags are never changed.
public final class Pipes {
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int MFD_CLOEXEC = 1;
    private static final int F_SETPIPE_SZ = 1031;

    private Pipes() {}

    /// pipe2(2) with O_CLOEXEC: `[read end, write end]`.
    public static Fd[] pipe() throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(8, 4);
            Libc.check(Libc.call(Syscall.PIPE2, two.address(), Inodes.O_CLOEXEC), "pipe2", "");
            return new Fd[] {Fd.own(two.get(JAVA_INT, 0)), Fd.own(two.get(JAVA_INT, 4))};
        }
    }

    /// A pipe that never blocks and holds about `capacityBytes`, or what the kernel grants this user (pipe(7)).
    public static Fd[] pipe(int capacityBytes) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(8, 4);
            Libc.check(Libc.call(Syscall.PIPE2, two.address(), Inodes.O_CLOEXEC | Inodes.O_NONBLOCK), "pipe2", "");
            Fd[] ends = {Fd.own(two.get(JAVA_INT, 0)), Fd.own(two.get(JAVA_INT, 4))};
            Libc.fcntl(ends[1].number(), F_SETPIPE_SZ, capacityBytes);
            return ends;
        }
    }

    /// memfd_create(2).
    public static Fd memory(String name) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            return Fd.own(Libc.check(
                    Libc.call(Syscall.MEMFD_CREATE, Libc.string(arena, name).address(), MFD_CLOEXEC),
                    "memfd_create",
                    name));
        }
    }

    /// read(2) into native memory: bytes read, 0 at the end.
    public static int read(Fd fd, MemorySegment buffer) throws ErrnoException {
        while (true) {
            int r = Libc.call(Syscall.READ, fd.number(), buffer.address(), buffer.byteSize());
            if (r == -Errno.EAGAIN) {
                Poll.await(fd, Poll.POLLIN, -1);
            } else if (r != -Errno.EINTR) {
                return Libc.check(r, "read", fd.toString());
            }
        }
    }

    /// read(2) into a direct buffer from its position on, which moves: bytes read, 0 at the end.
    public static int read(Fd fd, ByteBuffer direct) throws ErrnoException {
        int n = read(fd, MemorySegment.ofBuffer(direct));
        direct.position(direct.position() + n);
        return n;
    }

    /// write(2) of all of `buffer`.
    public static void writeAll(Fd fd, MemorySegment buffer) throws ErrnoException {
        long done = 0;
        while (done < buffer.byteSize()) {
            int r = Libc.call(Syscall.WRITE, fd.number(), buffer.address() + done, buffer.byteSize() - done);
            if (r == -Errno.EAGAIN) {
                Poll.await(fd, Poll.POLLOUT, -1);
            } else if (r != -Errno.EINTR) {
                done += Libc.check(r, "write", fd.toString());
            }
        }
    }

    /// write(2) of what remains in a direct buffer, straight from its memory; its position moves to its limit.
    public static void writeAll(Fd fd, ByteBuffer direct) throws ErrnoException {
        if (!direct.isDirect()) {
            throw new IllegalArgumentException("the buffer is not direct");
        }
        writeAll(fd, MemorySegment.ofBuffer(direct));
        direct.position(direct.limit());
    }

    public static void writeAll(Fd fd, byte[] data, int offset, int length) throws ErrnoException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment b = arena.allocate(Math.min(CHUNK_BYTES, Math.max(1, length)));
            for (int at = 0; at < length; ) {
                int n = (int) Math.min(b.byteSize(), length - at);
                MemorySegment.copy(data, offset + at, b, JAVA_BYTE, 0, n);
                writeAll(fd, b.asSlice(0, n));
                at += n;
            }
        }
    }

    /// pread(2): bytes read, 0 at the end.
    public static int readAt(Fd fd, MemorySegment buffer, long position) throws ErrnoException {
        int r;
        do {
            r = Libc.call(Syscall.PREAD64, fd.number(), buffer.address(), buffer.byteSize(), position);
        } while (r == -Errno.EINTR);
        return Libc.check(r, "pread", fd.toString());
    }

    /// lseek(2) with SEEK_SET 0, SEEK_CUR 1, SEEK_END 2.
    public static long seek(Fd fd, long offset, int whence) throws ErrnoException {
        return Libc.check(
                Libc.syscall(Syscall.LSEEK.number(), fd.number(), offset, whence, 0, 0, 0), "lseek", fd.toString());
    }

    /// A stream over `fd`, which it owns.
    public static InputStream input(Fd fd) {
        return new FdInput(fd);
    }

    /// An unbuffered stream over `fd`, which it owns.
    public static OutputStream output(Fd fd) {
        return new FdOutput(fd);
    }

    private static final class FdInput extends InputStream {
        private final Fd fd;
        private final MemorySegment buffer = Arena.ofAuto().allocate(CHUNK_BYTES);

        FdInput(Fd fd) {
            this.fd = fd;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] b, int off, int len) throws IOException {
            if (len == 0) {
                return 0;
            }
            int n = Pipes.read(fd, buffer.asSlice(0, Math.min(len, buffer.byteSize())));
            if (n == 0) {
                return -1;
            }
            MemorySegment.copy(buffer, JAVA_BYTE, 0, b, off, n);
            return n;
        }

        @Override
        public void close() {
            fd.close();
        }
    }

    private static final class FdOutput extends OutputStream {
        private final Fd fd;

        FdOutput(Fd fd) {
            this.fd = fd;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] b, int off, int len) throws IOException {
            writeAll(fd, b, off, len);
        }

        @Override
        public void close() {
            fd.close();
        }
    }

    /// sendfile(2) of up to `count` bytes from `in`'s position; 0 at its end.
    public static long sendFile(Fd out, Fd in, long count) throws ErrnoException {
        while (true) {
            long r = Libc.syscall(Syscall.SENDFILE.number(), out.number(), in.number(), 0, count, 0, 0);
            if (r == -Errno.EAGAIN) {
                Poll.await(out, Poll.POLLOUT, -1);
            } else if (r != -Errno.EINTR) {
                return Libc.check(r, "sendfile", in.toString());
            }
        }
    }
}
