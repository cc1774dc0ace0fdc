// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/// The engine's SQLite database, in WAL mode. One process owns the file.
///
/// [#write] runs one transaction at a time on the one connection that writes. When it returns, the transaction survives a
/// power cut (synchronous=FULL: one fdatasync(2) of the log). [#writeRelaxed] saves that sync: the transaction is as
/// atomic and survives `kill -9` all the same, but a power cut may take it back, with all that came after it. [#read]
/// sees the last committed state and waits for nobody.
///
/// Inside a transaction of its own thread each of them joins it. Blocks; a thread waiting here is not interrupted.
/// Statements are prepared anew each time, which takes SQLite some ten microseconds.
public final class Database implements AutoCloseable {
    /// Connections kept for reading.
    private static final int READERS_MAX = 4;

    private final String url;
    private final Connection writer;
    private final ReentrantLock writing = new ReentrantLock();
    private final ConcurrentLinkedDeque<Connection> readers = new ConcurrentLinkedDeque<>();
    private volatile boolean closed;

    private Database(String url, Connection writer) {
        this.url = url;
        this.writer = writer;
    }

    /// Opens or makes the database and brings its tables up to date.
    public static Database open(Path file) {
        String url = "jdbc:sqlite:" + file;
        try {
            Path folder = file.getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            Connection writer = connect(url, SQLiteConfig.TransactionMode.IMMEDIATE);
            Database database = new Database(url, writer);
            database.write(c -> {
                Schema.migrate(c);
                return true;
            });
            return database;
        } catch (SQLException e) {
            throw failure("open the database `" + file + "`", e);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make the folder of `" + file + "`: " + e, e);
        }
    }

    /// Lets SQLite's native library be loaded from `folder`, where the installation put it, and not be unpacked into a
    /// temporary file at each start. To be called before the first [#open] of the process.
    public static void useNativeLibrary(Path folder) {
        System.setProperty("org.sqlite.lib.path", folder.toString());
        System.setProperty("org.sqlite.lib.name", "libsqlitejdbc.so");
    }

    private static Connection connect(String url, SQLiteConfig.TransactionMode mode) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        config.setTransactionMode(mode);
        config.enforceForeignKeys(true);
        config.setBusyTimeout(10_000);
        config.setCacheSize(-1024);
        Connection c = JDBC.createConnection(url, config.toProperties());
        c.setAutoCommit(false);
        return c;
    }

    /// One durable transaction. A failure of `work` undoes it.
    public <T extends @Nullable Object> T write(SqlWork<T> work) {
        return transact(work, false);
    }

    /// One transaction that a power cut may take back.
    public <T extends @Nullable Object> T writeRelaxed(SqlWork<T> work) {
        return transact(work, true);
    }

    private <T extends @Nullable Object> T transact(SqlWork<T> work, boolean relaxed) {
        boolean joins = writing.isHeldByCurrentThread();
        writing.lock();
        try {
            if (joins) {
                return work.run(writer);
            }
            check();
            if (relaxed) {
                synchronous("NORMAL");
            }
            try {
                T result = work.run(writer);
                writer.commit();
                return result;
            } catch (SQLException | RuntimeException | Error e) {
                rollBack(e);
                throw e;
            } finally {
                if (relaxed) {
                    synchronous("FULL");
                }
            }
        } catch (SQLException e) {
            throw failure("write to the database", e);
        } finally {
            writing.unlock();
        }
    }

    /// Only works outside a transaction, and the driver begins one with any statement unless told otherwise.
    private void synchronous(String mode) throws SQLException {
        writer.setAutoCommit(true);
        try (Statement s = writer.createStatement()) {
            s.executeUpdate("PRAGMA synchronous = " + mode);
        }
        writer.setAutoCommit(false);
    }

    private void rollBack(Throwable cause) {
        try {
            writer.rollback();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    /// Reads one consistent state.
    public <T extends @Nullable Object> T read(SqlWork<T> work) {
        if (writing.isHeldByCurrentThread()) {
            return transact(work, false);
        }
        check();
        try {
            Connection c = readers.poll();
            if (c == null) {
                c = connect(url, SQLiteConfig.TransactionMode.DEFERRED);
            }
            try {
                return work.run(c);
            } finally {
                c.rollback();
                giveBack(c);
            }
        } catch (SQLException e) {
            throw failure("read the database", e);
        }
    }

    private void giveBack(Connection c) throws SQLException {
        if (closed || readers.size() >= READERS_MAX) {
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
            case SQLITE_FULL -> ErrorKind.RESOURCE_EXHAUSTED;
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
