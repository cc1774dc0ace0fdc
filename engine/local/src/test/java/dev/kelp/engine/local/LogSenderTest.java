// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.engine.local.metadata.Database;
import dev.kelp.runtime.ContainerLog.Entry;
import dev.kelp.runtime.receiver.LogReceiver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogSenderTest {
    private static final String ID = "c".repeat(64);

    @TempDir
    Path folder;

    private Database database;
    private LogPositions positions;
    private Path log;
    private int written;
    private final BlockingQueue<String> received = new LinkedBlockingQueue<>();

    /// Batches that fail from now on.
    private final AtomicInteger failures = new AtomicInteger();

    @BeforeEach
    void open() throws IOException {
        database = Database.open(folder.resolve("kelp.db"));
        positions = new LogPositions(database);
        log = Files.createFile(folder.resolve("ctr.log"));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private void write(int lines) throws IOException {
        for (int i = 0; i < lines; i++) {
            String line = "2026-01-02T03:04:05.000000006+00:00 stdout F line " + written++ + "\n";
            Files.writeString(log, line, StandardOpenOption.APPEND);
        }
    }

    private LogSender sender() {
        LogSender made = new LogSender(ID, log, positions, () -> new LogReceiver() {
            @Override
            public void send(List<Entry> entries) throws IOException {
                if (failures.getAndUpdate(f -> Math.max(0, f - 1)) > 0) {
                    throw new IOException("away");
                }
                entries.forEach(e -> received.add(new String(e.data(), StandardCharsets.UTF_8)));
            }

            @Override
            public void close() {}
        });
        made.start();
        return made;
    }

    private void expect(int from, int to) throws InterruptedException {
        for (int i = from; i < to; i++) {
            assertThat(received.poll(10, TimeUnit.SECONDS)).isEqualTo("line " + i + "\n");
        }
        assertThat(received).isEmpty();
    }

    @Test
    void goesOnWhereTheLastDaemonStopped() throws Exception {
        LogSender first = sender();
        write(3);
        first.wake();
        expect(0, 3);
        first.end();
        assertThat(first.isDrained(10_000)).isTrue();
        write(2);
        // over the file's end, as nobody looked while it was begun anew
        Files.createLink(folder.resolve("ctr.log.1"), log);
        Files.move(Files.createFile(folder.resolve("new")), log, StandardCopyOption.ATOMIC_MOVE);
        write(2);
        LogSender second = sender();
        expect(3, 7);
        second.end();
        assertThat(second.isDrained(10_000)).isTrue();
        LogSender third = sender();
        third.end();
        assertThat(third.isDrained(10_000)).isTrue();
        assertThat(received).as("nothing twice").isEmpty();
    }

    @Test
    void triesAgainAndLosesNothing() throws Exception {
        failures.set(2);
        write(2);
        LogSender sender = sender();
        write(1);
        sender.end();
        assertThat(sender.isDrained(20_000)).isTrue();
        expect(0, 3);
    }

    @Test
    void whatWasNeverSentIsKnownToTheNextDaemon() throws Exception {
        failures.set(Integer.MAX_VALUE);
        write(2);
        LogSender first = sender();
        assertThat(first.isDrained(100)).isFalse();
        first.stop();
        assertThat(positions.find(ID)).isPresent();
        failures.set(0);
        LogSender second = sender();
        expect(0, 2);
        second.stop();
        positions.delete(ID);
        assertThat(positions.find(ID)).isEmpty();
    }
}
