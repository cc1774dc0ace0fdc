// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.linux.Mounts;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatabaseTest {
    @TempDir
    Path folder;

    private Database database;

    @BeforeEach
    void open() {
        database = Database.open(folder.resolve("data/kelp.db"));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private static boolean put(Connection c, String name, long value) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("INSERT OR REPLACE INTO counters (name, value) VALUES (?, ?)")) {
            s.setString(1, name);
            s.setLong(2, value);
            s.executeUpdate();
            return true;
        }
    }

    private static long count(Connection c) throws SQLException {
        try (Statement s = c.createStatement();
                ResultSet r = s.executeQuery("SELECT count(*) FROM counters")) {
            return r.getLong(1);
        }
    }

    @Test
    void keepsWhatWasWritten() {
        database.write(c -> put(c, "a", 1));
        database.writeRelaxed(c -> put(c, "b", 2));
        database.close();
        open();
        assertThat(database.<Long>read(DatabaseTest::count)).isEqualTo(2);
    }

    @Test
    void undoesWhatFailed() {
        assertThatThrownBy(() -> database.write(c -> {
                    put(c, "a", 1);
                    throw KelpException.invalid("no");
                }))
                .hasMessage("no");
        assertThatThrownBy(() -> database.write(c -> {
                    put(c, "a", 1);
                    return database.write(inner -> put(inner, "b", 1) && put(inner, null, 1));
                }))
                .isInstanceOf(KelpException.class);
        assertThat(database.<Long>read(DatabaseTest::count)).isZero();
    }

    @Test
    void joinsTheTransactionOfItsThread() {
        database.write(c -> {
            put(c, "a", 1);
            database.writeRelaxed(inner -> put(inner, "b", 2));
            assertThat(database.<Long>read(DatabaseTest::count)).isEqualTo(2);
            return true;
        });
        assertThat(database.<Long>read(DatabaseTest::count)).isEqualTo(2);
    }

    @Test
    void readsTheLastCommittedStateMeanwhile() throws Exception {
        CountDownLatch written = new CountDownLatch(1);
        CountDownLatch read = new CountDownLatch(1);
        try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
            Future<Boolean> writer = threads.submit(() -> database.write(c -> {
                put(c, "a", 1);
                written.countDown();
                awaitLatch(read);
                return true;
            }));
            written.await();
            assertThat(database.<Long>read(DatabaseTest::count)).isZero();
            read.countDown();
            writer.get();
        }
        assertThat(database.<Long>read(DatabaseTest::count)).isEqualTo(1);
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void manyThreadsLoseNothing() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            for (int t = 0; t < 8; t++) {
                String name = "t" + t;
                threads.submit(() -> {
                    for (int i = 0; i < 25; i++) {
                        String n = name + "-" + i;
                        database.writeRelaxed(c -> put(c, n, 1));
                        database.read(DatabaseTest::count);
                    }
                });
            }
        }
        assertThat(database.<Long>read(DatabaseTest::count)).isEqualTo(200);
    }

    @Test
    void refusesANewerDatabaseAndAForeignFile() throws Exception {
        database.close();
        try (Connection c = java.sql.DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("data/kelp.db"));
                Statement s = c.createStatement()) {
            s.executeUpdate("PRAGMA user_version = 99");
        }
        assertThatThrownBy(this::open).hasMessageContaining("newer Kelp");
        Path strange = folder.resolve("strange.db");
        Files.writeString(strange, "this is no database, and it is longer than a header is".repeat(100));
        assertThatThrownBy(() -> Database.open(strange))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DATA_LOSS));
    }

    @Test
    void keepsTheLastThousandExits() {
        database.write(c -> {
            try (PreparedStatement s = c.prepareStatement(
                    "INSERT INTO exits (namespace, id, name, exit_code, finished) VALUES ('n', ?, '', 0, 0)")) {
                for (int i = 0; i < 1100; i++) {
                    s.setString(1, "c" + i);
                    s.executeUpdate();
                }
            }
            return true;
        });
        assertThat(database.<String>read(c -> {
                    try (Statement s = c.createStatement();
                            ResultSet r = s.executeQuery("SELECT count(*) || ' ' || min(seq) FROM exits")) {
                        return r.getString(1);
                    }
                }))
                .isEqualTo("1000 101");
    }

    @Test
    void aFullDiskStillLetsThingsBeRemoved() throws Exception {
        Assumptions.assumeFalse(
                "none".equals(System.getenv("KELP_TEST_NAMESPACE")), "cannot mount: no user namespaces here");
        Path small = Files.createDirectories(folder.resolve("small"));
        Mounts.mount("tmpfs", small.toString(), "tmpfs", 0, "size=6m");
        try (Database full = Database.open(small.resolve("kelp.db"))) {
            assertThat(small.resolve("kelp.db.reserve")).hasSize(Database.RESERVE_BYTES);
            full.write(c -> put(c, "a", 1));
            try (OutputStream filler = Files.newOutputStream(small.resolve("filler"))) {
                assertThatThrownBy(() -> {
                            while (true) {
                                filler.write(new byte[4096]);
                            }
                        })
                        .hasMessageContaining("No space");
            }
            assertThatThrownBy(() -> fill(full)).hasMessageContaining("full");
            assertThat(small.resolve("kelp.db.reserve")).hasSize(Database.RESERVE_BYTES);
            for (int i = 0; i < 20; i++) {
                String name = "x".repeat(2000) + i;
                full.writeEssential(c -> put(c, name, 1));
            }
            long left = Files.size(small.resolve("kelp.db.reserve"));
            assertThat(left).isBetween(1L, Database.RESERVE_BYTES - 1L);
            full.refillReserve();
            assertThat(small.resolve("kelp.db.reserve")).hasSize(left);
            assertThatThrownBy(() -> {
                        while (true) {
                            full.writeEssential(c -> put(c, "x".repeat(20_000) + System.nanoTime(), 1));
                        }
                    })
                    .hasMessageContaining("full");
            assertThat(small.resolve("kelp.db.reserve")).doesNotExist();
            Files.delete(small.resolve("filler"));
            full.refillReserve();
            assertThat(small.resolve("kelp.db.reserve")).hasSize(Database.RESERVE_BYTES);
        } finally {
            Mounts.unmount(small.toString(), Mounts.MNT_DETACH);
        }
    }

    private static void fill(Database full) {
        while (true) {
            full.write(c -> put(c, "y".repeat(2000) + System.nanoTime(), 1));
        }
    }

    @Test
    void saysWhenItIsClosed() {
        database.close();
        assertThatThrownBy(() -> database.read(DatabaseTest::count)).hasMessageContaining("closed");
        assertThatThrownBy(() -> database.write(DatabaseTest::count)).hasMessageContaining("closed");
    }
}
