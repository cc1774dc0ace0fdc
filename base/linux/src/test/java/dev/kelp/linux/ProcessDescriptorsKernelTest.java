// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.kelp.linux.ProcessDescriptors.Copies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Looks through this process' own.
class ProcessDescriptorsKernelTest {
    /// What a search for one socket may take here, with what a virtual machine has open.
    private static final int COMPARISONS = 4000;

    private final List<Fd> opened = new ArrayList<>();
    private ProcessDescriptors process;
    private Fd socket;

    @BeforeEach
    void open() throws ErrnoException {
        process = ProcessDescriptors.ofThread((int) ProcessHandle.current().pid());
        socket = SocketOptions.tcp(SocketOptions.AF_INET);
    }

    @AfterEach
    void close() {
        opened.forEach(Fd::close);
        socket.close();
        process.close();
    }

    private Fd copy(int number, int lowest) throws ErrnoException {
        Fd fd = Fd.own(Libc.check(Libc.fcntl(number, Libc.F_DUPFD_CLOEXEC, lowest), "fcntl", "F_DUPFD_CLOEXEC"));
        opened.add(fd);
        return fd;
    }

    private void assertTooMany(int comparisons) {
        assertThatExceptionOfType(ErrnoException.class)
                .isThrownBy(() -> process.copies(socket, comparisons))
                .satisfies(e -> assertThat(e.is(Errno.EMFILE)).isTrue());
    }

    @Test
    void aLargeNumberDoesNotMakeASearchLong() throws Exception {
        Fd far = copy(socket.number(), COMPARISONS);
        Copies copies = process.copies(socket, COMPARISONS);
        assertThat(copies.sockets()).containsExactlyInAnyOrder(socket.number(), far.number());
        assertThat(copies.epolls()).isEmpty();
    }

    @Test
    void anEpollSetIsLookedAtOnceHoweverManyDescriptorsItHas() throws Exception {
        for (int i = 0; i < 99; i++) {
            copy(socket.number(), 0);
        }
        try (Epoll waiting = Epoll.create();
                Epoll strangers = Epoll.create();
                Fd stranger = SocketOptions.tcp(SocketOptions.AF_INET)) {
            strangers.add(stranger, Epoll.OUT, 1);
            waiting.add(socket, Epoll.OUT, 2);
            int set = process.copies(socket).epolls().getFirst();
            waiting.remove(socket);
            // the one that is looked at last
            waiting.add(opened.getLast(), Epoll.OUT, 3);
            for (int i = 0; i < 100; i++) {
                copy(set, 0);
            }
            Copies copies = process.copies(socket, COMPARISONS);
            assertThat(copies.sockets()).hasSize(100);
            assertThat(copies.epolls()).hasSize(1);
            assertThat(process.memberships(copies.epolls().getFirst(), socket)).hasSize(1);
        }
    }

    @Test
    void aSearchHasAnEnd() throws Exception {
        assertTooMany(3);
        for (int i = 0; i < 1100; i++) {
            copy(socket.number(), 0);
        }
        assertTooMany(Integer.MAX_VALUE);
    }

    /// What is kept of a thread is of no use for another one that has its id.
    @Test
    void whoHasEndedIsNotMistaken() throws Exception {
        Process one = new ProcessBuilder("sleep", "60").start();
        try (ProcessDescriptors.Recent recent = new ProcessDescriptors.Recent()) {
            for (int i = 0; i < 2; i++) {
                try (ProcessDescriptors again = recent.ofThread((int) one.pid());
                        Fd input = again.take(0)) {
                    assertThat(again.copies(input).sockets()).contains(0);
                }
            }
            one.destroyForcibly().waitFor();
            assertThatExceptionOfType(ErrnoException.class)
                    .isThrownBy(() -> {
                        try (ProcessDescriptors gone = recent.ofThread((int) one.pid())) {
                            gone.take(0);
                        }
                    })
                    .satisfies(e -> assertThat(e.is(Errno.ESRCH)).isTrue());
        } finally {
            one.destroyForcibly();
        }
    }

    @Test
    void fewThreadsAreKept() throws Exception {
        long before = pidfds();
        try (ProcessDescriptors.Recent recent = new ProcessDescriptors.Recent();
                Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            for (Path thread : threads.toList()) {
                try {
                    recent.ofThread(Integer.parseInt(thread.getFileName().toString()))
                            .close();
                } catch (ErrnoException e) {
                    // one of the JVM's, which has ended
                    assertThat(e.is(Errno.ESRCH)).as(e.toString()).isTrue();
                }
            }
            assertThat(pidfds() - before).isBetween(0L, (long) ProcessDescriptors.Recent.KEPT_MAX);
        }
        assertThat(pidfds()).isEqualTo(before);
    }

    private static long pidfds() throws IOException {
        long count = 0;
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            for (Path fd : all.toList()) {
                try {
                    count += Files.readSymbolicLink(fd).toString().contains("pidfd") ? 1 : 0;
                } catch (NoSuchFileException e) {
                    // what listed them
                }
            }
        }
        return count;
    }
}
