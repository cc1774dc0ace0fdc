// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogRotationTest {
    private static final LogRotation.Limit THREE = new LogRotation.Limit(200, 3);

    @TempDir
    Path folder;

    private Path log;
    private int written;
    private final AtomicInteger asked = new AtomicInteger();

    @BeforeEach
    void begin() throws IOException {
        log = folder.resolve("ctr.log");
        Files.createFile(log);
    }

    private void write(int lines) throws IOException {
        for (int i = 0; i < lines; i++) {
            String line = "2026-01-02T03:04:05.000000006+00:00 stdout F line %03d\n".formatted(written++);
            Files.writeString(log, line, StandardOpenOption.APPEND);
        }
    }

    /// What conmon does when it is asked.
    private void reopen() {
        asked.incrementAndGet();
        try {
            Path made = Files.createFile(folder.resolve("ctr.log.tmp"));
            Files.move(made, log, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<Integer> read(int tail) {
        List<Integer> lines = new ArrayList<>();
        new ContainerLog(log)
                .replay(
                        new ContainerLog.Options(false, tail, null, null, true, true),
                        new CompletableFuture<>(),
                        new CompletableFuture<>(),
                        e -> lines.add(number(e)));
        return lines;
    }

    private static int number(ContainerLog.Entry e) {
        return Integer.parseInt(
                new String(e.data(), StandardCharsets.UTF_8).strip().substring(5));
    }

    private static List<Integer> range(int from, int to) {
        List<Integer> all = new ArrayList<>();
        for (int i = from; i < to; i++) {
            all.add(i);
        }
        return all;
    }

    @Test
    void keepsAsManyFilesAsItSaysAndReadsThemAsOne() throws IOException {
        LogRotation rotation = new LogRotation(log, THREE, this::reopen, false);
        for (int i = 0; i < 5; i++) {
            write(4);
            rotation.check();
            assertThat(read(-1)).last().isEqualTo(written - 1);
        }
        write(1);
        rotation.check();
        assertThat(asked).hasValue(5);
        try (var files = Files.list(folder)) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrder("ctr.log", "ctr.log.1", "ctr.log.2");
        }
        assertThat(read(-1)).isEqualTo(range(12, 21));
        assertThat(read(6)).as("a tail over two files").isEqualTo(range(15, 21));
        assertThat(read(100)).isEqualTo(range(12, 21));
        assertThat(read(0)).isEmpty();
    }

    @Test
    void waitsForTheNewFileAndCountsTheOldOneOnce() throws IOException {
        LogRotation rotation = new LogRotation(log, THREE, asked::incrementAndGet, false);
        write(4);
        rotation.check();
        write(2);
        rotation.check();
        assertThat(asked).hasValue(1);
        assertThat(read(-1)).isEqualTo(range(0, 6));
        reopen();
        write(1);
        rotation.check();
        assertThat(read(-1)).isEqualTo(range(0, 7));
        assertThat(Files.size(LogFiles.older(log, 1))).isGreaterThan(6 * 50);
    }

    @Test
    void takesUpWhatAKilledDaemonBegan() throws Exception {
        new LogRotation(log, THREE, asked::incrementAndGet, false).check();
        write(4);
        new LogRotation(log, THREE, () -> {}, false).check();
        // conmon has the message of the one that was killed
        LogRotation next = new LogRotation(log, THREE, asked::incrementAndGet, true);
        next.check();
        assertThat(asked).hasValue(0);
        Thread.sleep(1_100);
        next.check();
        next.check();
        assertThat(asked).as("not heard, so asked again, once").hasValue(1);
        assertThat(read(-1)).isEqualTo(range(0, 4));
        // the container ended first: the next run begins with what is there
        new LogRotation(log, THREE, asked::incrementAndGet, false);
        assertThat(LogFiles.older(log, 1)).doesNotExist();
        assertThat(read(-1)).isEqualTo(range(0, 4));
    }

    @Test
    void fillsTheGapOfAKilledDaemon() throws IOException {
        Files.writeString(LogFiles.older(log, 2), "2026-01-02T03:04:05.0Z stdout F line 900\n");
        write(4);
        new LogRotation(log, THREE, this::reopen, false).check();
        assertThat(read(-1)).isEqualTo(List.of(900, 0, 1, 2, 3));
    }

    @Test
    void aFollowerMissesNothing() throws Exception {
        LogRotation rotation = new LogRotation(log, THREE, this::reopen, false);
        CompletableFuture<Void> end = new CompletableFuture<>();
        List<Integer> seen = new ArrayList<>();
        CountDownLatch begun = new CountDownLatch(1);
        write(1);
        Thread follower = Thread.ofPlatform()
                .start(() -> new ContainerLog(log)
                        .replay(
                                new ContainerLog.Options(true, -1, null, null, true, true),
                                end,
                                new CompletableFuture<>(),
                                e -> {
                                    seen.add(number(e));
                                    begun.countDown();
                                    return true;
                                }));
        begun.await();
        for (int i = 0; i < 2; i++) {
            write(4);
            rotation.check();
            write(1);
        }
        end.complete(null);
        follower.join();
        assertThat(seen).isEqualTo(range(0, 11));
    }
}
