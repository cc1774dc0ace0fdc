// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteConnection;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/// The engine's SQLite database, in WAL mode. One process owns the file.
///
/// [#write] runs one transaction at a time on the one connection that writes. When it returns, the transaction survives
/// a
/// power cut (synchronous=FULL: one fdatasync(2) of the log). [#writeRelaxed] saves that sync: the transaction is as
/// atomic and survives `kill -9` all the same, but a power cut may take it back, with all that came after it. [#read]
/// sees the last committed state and waits for nobody.
///
/// Removing things from a full disk needs room, too: a row's removal is first written to the log. So a file of
/// [#RESERVE_BYTES] lies beside the database; when the disk is full, [#writeEssential] and [#writeEssentialRelaxed] cut
/// [#SLICE_BYTES] off it and try again, as long as there is some: whoever fills the disk, a container perhaps, takes a
/// slice at most. What adds things does not get at it. [#refillReserve] makes it anew. Work may therefore run more than
/// once and must do nothing but database work.
///
/// Inside a transaction of its own thread each of them joins it. Blocks; a thread waiting here is not interrupted.
///
/// Measured: a durable write waits for one sync of the disk (0.3 ms on an idle disk, 4 to 9 ms beside other writers),
/// a relaxed one takes 40 µs, a read 30 µs; preparing a statement takes 5, too little to keep statements for.
public final class Database implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Database.class.getName());
    /// Connections kept for reading.
    private static final int READERS_MAX = 4;

    /// What is held back for removals from a full disk.
    static final int RESERVE_BYTES = 2 << 20;

    /// What a transaction takes of it at a time: more than it writes.
    static final int SLICE_BYTES = 128 << 10;

    private final String url;
    private final Path file;
    private final Path reserve;
    private final Connection writer;
    private final ReentrantLock writing = new ReentrantLock();
    private final ConcurrentLinkedDeque<Connection> readers = new ConcurrentLinkedDeque<>();
    /// Whether the writing connection waits for the disk now; under the lock.
    private boolean syncing = true;

    private volatile boolean closed;

    private Database(Path file, Connection writer) {
        this.url = url(file);
        this.file = file;
        this.reserve = file.resolveSibling(file.getFileName() + ".reserve");
        this.writer = writer;
    }

    /// Opens or makes the database and brings its tables up to date.
    public static Database open(Path file) {
        try {
            Path folder = file.getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            Connection writer = connect(url(file));
            Database database = new Database(file, writer);
            database.write(c -> {
                Schema.migrate(c);
                return true;
            });
            database.refillReserve();
            return database;
        } catch (SQLException e) {
            throw failure("open the database `" + file + "`", e);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make the folder of `" + file + "`: " + e, e);
        }
    }

    /// Lets SQLite's native library be loaded from `folder`, where the installation put it, and not be unpacked
    /// into a
    /// temporary file at each start. To be called before the first [#open] of the process.
    public static void useNativeLibrary(Path folder) {
        System.setProperty("org.sqlite.lib.path", folder.toString());
        System.setProperty("org.sqlite.lib.name", "libsqlitejdbc.so");
    }

    private static String url(Path file) {
        return "jdbc:sqlite:" + file;
    }

    private static Connection connect(String url) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.enforceForeignKeys(true);
        config.setBusyTimeout(10_000);
        config.setCacheSize(-1024);
        return JDBC.createConnection(url, config.toProperties());
    }

    /// One durable transaction. A failure of `work` undoes it.
    public <T extends @Nullable Object> T write(SqlWork<T> work) {
        return transact(work, false, false);
    }

    /// One transaction that a power cut may take back.
    public <T extends @Nullable Object> T writeRelaxed(SqlWork<T> work) {
        return transact(work, true, false);
    }

    /// As [#write], for what frees space: it may use the reserve.
    public <T extends @Nullable Object> T writeEssential(SqlWork<T> work) {
        return transact(work, false, true);
    }

    /// As [#writeRelaxed], for what frees space or says what happened already: it may use the reserve.
    public <T extends @Nullable Object> T writeEssentialRelaxed(SqlWork<T> work) {
        return transact(work, true, true);
    }

    /// Lets all that was written so far survive a power cut. For many relaxed transactions that wait for the disk
    /// once.
    public void sync() {
        // A channel is closed when its thread is interrupted, and what was acknowledged has to survive that.
        boolean interrupted = Thread.interrupted();
        try {
            while (!force(file.resolveSibling(file.getFileName() + "-wal"))) {
                interrupted |= Thread.interrupted();
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// @return false when an interrupt came in between
    private static boolean force(Path log) {
        try (FileChannel channel = FileChannel.open(log, StandardOpenOption.WRITE)) {
            channel.force(false);
            return true;
        } catch (ClosedByInterruptException e) {
            return false;
        } catch (NoSuchFileException e) {
            LOG.log(System.Logger.Level.DEBUG, "nothing was written yet", e);
            return true;
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "sync `" + log + "`: " + e, e);
        }
    }

    private <T extends @Nullable Object> T transact(SqlWork<T> work, boolean relaxed, boolean essential) {
        boolean joins = writing.isHeldByCurrentThread();
        writing.lock();
        try {
            if (joins) {
                return work.run(writer);
            }
            check();
            while (true) {
                try {
                    return commit(work, relaxed);
                } catch (SQLException e) {
                    if (!essential || !isFull(e) || !cutReserve()) {
                        throw e;
                    }
                }
            }
        } catch (SQLException e) {
            throw failure("write to the database", e);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cut `" + reserve + "`: " + e, e);
        } finally {
            writing.unlock();
        }
    }

    /// False when nothing is left of it.
    private boolean cutReserve() throws IOException {
        try (FileChannel file = FileChannel.open(reserve, StandardOpenOption.WRITE)) {
            long left = file.size() - SLICE_BYTES;
            if (left > 0) {
                file.truncate(left);
                return true;
            }
        } catch (NoSuchFileException e) {
            return false;
        }
        return Files.deleteIfExists(reserve);
    }

    private <T extends @Nullable Object> T commit(SqlWork<T> work, boolean relaxed) throws SQLException {
        setSyncing(!relaxed);
        try {
            execute(writer, "BEGIN IMMEDIATE");
            T result = work.run(writer);
            execute(writer, "COMMIT");
            return result;
        } catch (SQLException | RuntimeException | Error e) {
            rollBack();
            throw e;
        }
    }

    private void setSyncing(boolean wanted) throws SQLException {
        if (syncing != wanted) {
            execute(writer, wanted ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
            syncing = wanted;
        }
    }

    /// Without JDBC's statement, which costs more than what is executed here.
    private static void execute(Connection c, String sql) throws SQLException {
        ((SQLiteConnection) c).getDatabase().exec(sql, true);
    }

    /// SQLite has undone some failures itself (a full disk), and then there is nothing to undo.
    private void rollBack() {
        try {
            execute(writer, "ROLLBACK");
        } catch (SQLException e) {
            LOG.log(System.Logger.Level.DEBUG, "rolled back already", e);
        }
    }

    /// Sets space aside again if it was used and there is some; to be called after something was removed.
    public void refillReserve() {
        writing.lock();
        try {
            if (Files.exists(reserve) && Files.size(reserve) == RESERVE_BYTES) {
                return;
            }
            Path next = reserve.resolveSibling(reserve.getFileName() + ".new");
            byte[] noise = new byte[RESERVE_BYTES];
            new Random(1).nextBytes(noise);
            try {
                Files.write(next, noise);
                Files.move(next, reserve, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                Files.deleteIfExists(next);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "no reserve beside the database", e);
        } finally {
            writing.unlock();
        }
    }

    private static boolean isFull(SQLException e) {
        return e instanceof SQLiteException s && kind(s.getResultCode()) == ErrorKind.RESOURCE_EXHAUSTED;
    }

    /// Reads one consistent state.
    public <T extends @Nullable Object> T read(SqlWork<T> work) {
        if (writing.isHeldByCurrentThread()) {
            return transact(work, false, false);
        }
        check();
        try {
            Connection c = readers.poll();
            if (c == null) {
                c = connect(url);
            }
            boolean usable = false;
            try {
                execute(c, "BEGIN");
                try {
                    return work.run(c);
                } finally {
                    execute(c, "ROLLBACK");
                    usable = true;
                }
            } finally {
                giveBack(c, usable);
            }
        } catch (SQLException e) {
            throw failure("read the database", e);
        }
    }

    private void giveBack(Connection c, boolean usable) throws SQLException {
        if (!usable || closed || readers.size() >= READERS_MAX) {
            c.close();
        } else {
            readers.push(c);
        }
    }

    private void check() {
        if (closed) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "the database is closed");
        }
    }

    static KelpException failure(String what, SQLException e) {
        SQLiteErrorCode code =
                e instanceof SQLiteException s ? s.getResultCode() : SQLiteErrorCode.getErrorCode(e.getErrorCode());
        KelpException failure = new KelpException(kind(code), what + ": " + e.getMessage(), e);
        return failure.kind() == ErrorKind.RESOURCE_EXHAUSTED
                ? failure.withHint("free some space on the disk and try again")
                : failure;
    }

    private static ErrorKind kind(SQLiteErrorCode code) {
        return switch (code) {
            case SQLITE_FULL, SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE -> ErrorKind.RESOURCE_EXHAUSTED;
            case SQLITE_CORRUPT, SQLITE_NOTADB -> ErrorKind.DATA_LOSS;
            case SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE -> ErrorKind.ALREADY_EXISTS;
            case SQLITE_BUSY -> ErrorKind.UNAVAILABLE;
            case SQLITE_PERM, SQLITE_READONLY, SQLITE_CANTOPEN -> ErrorKind.PERMISSION_DENIED;
            default -> ErrorKind.INTERNAL;
        };
    }

    @Override
    public void close() {
        writing.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            for (Connection c = readers.poll(); c != null; c = readers.poll()) {
                c.close();
            }
            writer.close();
        } catch (SQLException e) {
            throw failure("close the database", e);
        } finally {
            writing.unlock();
        }
    }
}
