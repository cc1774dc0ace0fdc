// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/// The tables, as a list of migrations: the n-th brings a database of `user_version` n to n + 1. Entries are never
/// changed once released, only added.
final class Schema {
    private static final List<List<String>> MIGRATIONS = List.of(
            List.of(
                    """
            CREATE TABLE images (
                namespace TEXT NOT NULL,
                name TEXT NOT NULL,           -- canonical reference, or the target's digest when dangling
                target TEXT NOT NULL,         -- digest of an index or manifest
                media_type TEXT NOT NULL,
                size INTEGER NOT NULL,
                created INTEGER NOT NULL,     -- milliseconds since the epoch, as all times here
                updated INTEGER NOT NULL,
                labels TEXT NOT NULL DEFAULT '{}',
                PRIMARY KEY (namespace, name)
            ) WITHOUT ROWID""",
                    "CREATE INDEX images_by_target ON images (target)",
                    """
            CREATE TABLE edges (
                parent TEXT NOT NULL, child TEXT NOT NULL, PRIMARY KEY (parent, child)
            ) WITHOUT ROWID""",
                    "CREATE INDEX edges_by_child ON edges (child)",
                    """
            CREATE TABLE blob_labels (
                digest TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
                PRIMARY KEY (digest, name, value)
            ) WITHOUT ROWID""",
                    """
            CREATE TABLE snapshots (
                node TEXT PRIMARY KEY,        -- snapshotter/name
                snapshotter TEXT NOT NULL,
                name TEXT NOT NULL,
                id INTEGER NOT NULL,
                kind TEXT NOT NULL,           -- active, view, committed
                parent TEXT,
                parent_node TEXT REFERENCES snapshots (node),
                created INTEGER NOT NULL,     -- nanoseconds
                labels TEXT NOT NULL,
                size_bytes INTEGER NOT NULL,
                inodes INTEGER NOT NULL
            ) WITHOUT ROWID""",
                    "CREATE INDEX snapshots_by_parent ON snapshots (parent_node)",
                    "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
                    """
            CREATE TABLE leases (
                id TEXT PRIMARY KEY, created INTEGER NOT NULL, expires INTEGER NOT NULL
            ) WITHOUT ROWID""",
                    """
            CREATE TABLE lease_nodes (
                lease TEXT NOT NULL REFERENCES leases (id) ON DELETE CASCADE, node TEXT NOT NULL,
                PRIMARY KEY (lease, node)
            ) WITHOUT ROWID""",
                    """
            CREATE TABLE containers (
                namespace TEXT NOT NULL,
                id TEXT NOT NULL PRIMARY KEY,
                name TEXT NOT NULL,
                phase TEXT NOT NULL,
                created INTEGER NOT NULL,
                definition BLOB NOT NULL,     -- JSON
                run BLOB NOT NULL,            -- JSON
                image TEXT AS (json_extract(CAST(definition AS TEXT), '$.imageDigest')) VIRTUAL,
                snapshotter TEXT AS (json_extract(CAST(definition AS TEXT), '$.snapshotter')) VIRTUAL,
                parent TEXT AS (json_extract(CAST(definition AS TEXT), '$.parent')) VIRTUAL,
                UNIQUE (namespace, name)
            )""",
                    "CREATE INDEX containers_by_image ON containers (image)",
                    """
            CREATE TABLE exits (
                seq INTEGER PRIMARY KEY,
                namespace TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL,
                exit_code INTEGER NOT NULL, finished INTEGER NOT NULL
            )""",
                    "CREATE INDEX exits_by_id ON exits (namespace, id)",
                    """
            CREATE TRIGGER exits_bound AFTER INSERT ON exits BEGIN
                DELETE FROM exits WHERE seq <= NEW.seq - 1000;
            END"""),
            List.of("CREATE TABLE unsynced_snapshots (node TEXT PRIMARY KEY, boot TEXT NOT NULL) WITHOUT ROWID"),
            List.of("""
            CREATE TABLE events (
                number INTEGER PRIMARY KEY,
                namespace TEXT NOT NULL,
                time INTEGER NOT NULL,        -- nanoseconds
                type TEXT NOT NULL, action TEXT NOT NULL, actor TEXT NOT NULL,
                attributes TEXT NOT NULL      -- JSON
            )""", """
            CREATE TRIGGER events_bound AFTER INSERT ON events BEGIN
                DELETE FROM events WHERE number <= NEW.number - 10000;
            END""", """
            CREATE TABLE health (
                container TEXT PRIMARY KEY,
                state TEXT NOT NULL           -- JSON
            ) WITHOUT ROWID""", """
            CREATE TABLE log_positions (
                container TEXT PRIMARY KEY,
                file TEXT NOT NULL,           -- device and inode
                offset INTEGER NOT NULL
            ) WITHOUT ROWID"""),
            List.of("""
            CREATE TABLE volumes (
                namespace TEXT NOT NULL,
                name TEXT NOT NULL,
                created INTEGER NOT NULL,
                how BLOB NOT NULL,            -- JSON: driver, options, labels
                PRIMARY KEY (namespace, name)
            ) WITHOUT ROWID""", """
            CREATE TABLE volume_uses (
                namespace TEXT NOT NULL,
                volume TEXT NOT NULL,
                container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,
                owned INTEGER NOT NULL,       -- made for this container, without a name
                doomed INTEGER NOT NULL,      -- goes with this container
                PRIMARY KEY (container, namespace, volume),
                FOREIGN KEY (namespace, volume) REFERENCES volumes (namespace, name)
            ) WITHOUT ROWID""", "CREATE INDEX volume_uses_by_volume ON volume_uses (namespace, volume)"),
            List.of("""
            CREATE TABLE networks (
                seq INTEGER PRIMARY KEY,
                id TEXT NOT NULL UNIQUE,
                name TEXT NOT NULL UNIQUE,
                definition BLOB NOT NULL      -- JSON
            )""", """
            CREATE TABLE attachments (
                container TEXT PRIMARY KEY,   -- that runs
                state BLOB NOT NULL           -- JSON
            ) WITHOUT ROWID"""),
            List.of("""
            CREATE TABLE manifest_lists (
                namespace TEXT NOT NULL,
                name TEXT NOT NULL,           -- canonical reference
                entries BLOB NOT NULL,        -- JSON
                PRIMARY KEY (namespace, name)
            ) WITHOUT ROWID"""),
            List.of("""
            CREATE TABLE namespaces (
                name TEXT PRIMARY KEY,        -- of those that were created or labelled
                labels BLOB NOT NULL          -- JSON
            ) WITHOUT ROWID"""),
            List.of(
                    """
            CREATE TABLE secrets (
                id TEXT PRIMARY KEY,          -- names the file with the data
                namespace TEXT NOT NULL,
                name TEXT NOT NULL,
                created INTEGER NOT NULL,
                driver TEXT NOT NULL,
                options BLOB NOT NULL,        -- JSON
                labels BLOB NOT NULL,         -- JSON
                UNIQUE (namespace, name)
            ) WITHOUT ROWID""",
                    // `ps` is not to look at what does not run
                    "CREATE INDEX containers_running ON containers (namespace, created)"
                            + " WHERE phase IN ('RUNNING', 'RESTARTING')"));

    static final int VERSION = MIGRATIONS.size();

    private Schema() {}

    /// Brings the database up to date; one of a newer Kelp is refused.
    static void migrate(Connection connection) throws SQLException {
        try (Statement s = connection.createStatement()) {
            int version;
            try (ResultSet r = s.executeQuery("PRAGMA user_version")) {
                version = r.getInt(1);
            }
            if (version > VERSION) {
                throw new KelpException(
                                ErrorKind.FAILED_PRECONDITION,
                                "the database was written by a newer Kelp (version " + version + ", this one knows "
                                        + VERSION + ")")
                        .withHint("use that Kelp, or another data root");
            }
            for (int next = version; next < VERSION; next++) {
                for (String sql : MIGRATIONS.get(next)) {
                    s.executeUpdate(sql);
                }
                s.executeUpdate("PRAGMA user_version = " + (next + 1));
            }
        }
    }
}
