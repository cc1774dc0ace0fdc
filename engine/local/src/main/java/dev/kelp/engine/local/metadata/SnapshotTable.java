// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import dev.kelp.snapshot.Snapshot;
import dev.kelp.snapshot.SnapshotRecords;
import dev.kelp.snapshot.Usage;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.type.TypeReference;

/// The snapshots of one snapshotter, as rows.
public final class SnapshotTable implements SnapshotRecords {
    /// Ids taken from the database at a time, so that not each snapshot waits for the disk twice.
    private static final int IDS_AT_A_TIME = 64;

    private static final String COLUMNS = "name, id, kind, parent, created, labels, size_bytes, inodes";

    private final Database database;
    private final String snapshotter;
    private final Object ids = new Object();
    private long nextId;
    private long lastId = -1;

    /// @param snapshotter the snapshotter's name; others do not see these snapshots
    public SnapshotTable(Database database, String snapshotter) {
        this.database = database;
        this.snapshotter = snapshotter;
    }

    private String node(String name) {
        return Nodes.snapshot(snapshotter, name);
    }

    @Override
    public long allocateId() {
        synchronized (ids) {
            if (nextId > lastId) {
                lastId = database.write(this::reserve);
                nextId = lastId - IDS_AT_A_TIME + 1;
            }
            return nextId++;
        }
    }

    private long reserve(Connection c) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("INSERT INTO counters (name, value) VALUES (?, ?)"
                + " ON CONFLICT DO UPDATE SET value = value + excluded.value RETURNING value")) {
            s.setString(1, "snapshot/" + snapshotter);
            s.setLong(2, IDS_AT_A_TIME);
            try (ResultSet r = s.executeQuery()) {
                r.next();
                return r.getLong(1);
            }
        }
    }

    @Override
    public Optional<Snapshot> find(String name) {
        return database.read(c -> find(c, name));
    }

    private Optional<Snapshot> find(Connection c, String name) throws SQLException {
        return query(c, "WHERE node = ?", node(name)).stream().findFirst();
    }

    @Override
    public void insert(Snapshot snapshot) {
        if (snapshot instanceof Snapshot.Committed) {
            throw KelpException.invalid("insert snapshot `" + snapshot.name() + "`: it is committed");
        }
        database.writeRelaxed(c -> {
            if (find(c, snapshot.name()).isPresent()) {
                throw exists(snapshot.name());
            }
            checkParent(c, snapshot.parent());
            add(c, snapshot, snapshot instanceof Snapshot.View ? "view" : "active", Usage.NONE);
            return true;
        });
    }

    private static KelpException exists(String name) {
        return new KelpException(ErrorKind.ALREADY_EXISTS, "snapshot `" + name + "` exists already");
    }

    private void checkParent(Connection c, Optional<String> parent) throws SQLException {
        if (parent.isEmpty()) {
            return;
        }
        Snapshot found = find(c, parent.get())
                .orElseThrow(() -> KelpException.notFound("parent snapshot `" + parent.get() + "` does not exist"));
        if (!(found instanceof Snapshot.Committed)) {
            throw new KelpException(
                    ErrorKind.FAILED_PRECONDITION, "parent snapshot `" + parent.get() + "` is not committed");
        }
    }

    private void add(Connection c, Snapshot snapshot, String kind, Usage usage) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("INSERT INTO snapshots (node, snapshotter, parent_node, "
                + COLUMNS + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
            s.setString(1, node(snapshot.name()));
            s.setString(2, snapshotter);
            s.setString(4, snapshot.name());
            s.setLong(5, snapshot.id());
            s.setString(6, kind);
            if (snapshot.parent().isPresent()) {
                s.setString(3, node(snapshot.parent().get()));
                s.setString(7, snapshot.parent().get());
            } else {
                s.setNull(3, Types.VARCHAR);
                s.setNull(7, Types.VARCHAR);
            }
            s.setLong(8, nanos(snapshot.created()));
            s.setString(9, new String(OciJson.write(snapshot.labels()), StandardCharsets.UTF_8));
            s.setLong(10, usage.sizeBytes());
            s.setLong(11, usage.inodes());
            s.executeUpdate();
        }
    }

    private static long nanos(Instant time) {
        return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000_000L), time.getNano());
    }

    @Override
    public void commit(String key, Snapshot.Committed committed) {
        database.writeRelaxed(c -> {
            Snapshot active = find(c, key).orElseThrow(() -> missing(key));
            if (!(active instanceof Snapshot.Active)) {
                throw new KelpException(ErrorKind.FAILED_PRECONDITION, "snapshot `" + key + "` is not active");
            }
            checkParent(c, committed.parent());
            if (!committed.name().equals(key) && find(c, committed.name()).isPresent()) {
                throw exists(committed.name());
            }
            delete(c, key);
            add(c, committed, "committed", committed.usage());
            return true;
        });
    }

    private static KelpException missing(String name) {
        return KelpException.notFound("snapshot `" + name + "` does not exist");
    }

    @Override
    public Snapshot remove(String name) {
        return database.writeEssential(c -> removeHere(c, name).orElseThrow(() -> missing(name)));
    }

    @Override
    public List<Snapshot> removeAll(Collection<String> names) {
        return database.writeEssential(c -> {
            List<Snapshot> gone = new ArrayList<>();
            for (String name : names) {
                removeHere(c, name).ifPresent(gone::add);
            }
            return gone;
        });
    }

    private Optional<Snapshot> removeHere(Connection c, String name) throws SQLException {
        Optional<Snapshot> found = find(c, name);
        if (found.isPresent()) {
            List<Snapshot> children = query(c, "WHERE parent_node = ? LIMIT 1", node(name));
            if (!children.isEmpty()) {
                throw new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "snapshot `" + name + "` is the parent of `"
                                + children.getFirst().name() + "`");
            }
            delete(c, name);
        }
        return found;
    }

    private void delete(Connection c, String name) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("DELETE FROM snapshots WHERE node = ?")) {
            s.setString(1, node(name));
            s.executeUpdate();
        }
    }

    @Override
    public List<String> children(String name) {
        return database.read(c -> query(c, "WHERE parent_node = ?", node(name))).stream()
                .map(Snapshot::name)
                .toList();
    }

    @Override
    public List<Snapshot> all() {
        return database.read(c -> query(c, "WHERE snapshotter = ?", snapshotter));
    }

    private static List<Snapshot> query(Connection c, String where, String argument) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("SELECT " + COLUMNS + " FROM snapshots " + where)) {
            s.setString(1, argument);
            List<Snapshot> found = new ArrayList<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    found.add(snapshot(r));
                }
            }
            return found;
        }
    }

    private static Snapshot snapshot(ResultSet r) throws SQLException {
        String name = r.getString(1);
        long id = r.getLong(2);
        Optional<String> parent = Optional.ofNullable(r.getString(4));
        Instant created = Instant.ofEpochSecond(0, r.getLong(5));
        String said = r.getString(6);
        Map<String, String> labels =
                said.equals("{}") ? Map.of() : OciJson.mapper().readValue(said, new TypeReference<>() {});
        return switch (r.getString(3)) {
            case "active" -> new Snapshot.Active(name, id, parent, created, labels);
            case "view" -> new Snapshot.View(name, id, parent, created, labels);
            default -> new Snapshot.Committed(name, id, parent, created, labels, new Usage(r.getLong(7), r.getLong(8)));
        };
    }
}
