// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.volume;

import dev.kelp.engine.local.metadata.Database;
import dev.kelp.engine.local.metadata.SqlWork;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.NewVolume;
import dev.kelp.model.oci.OciJson;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The tables of volumes and of the containers that use them. Every method is one transaction, or part of its caller's.
public final class VolumeRecords {
    private final Database database;

    public VolumeRecords(Database database) {
        this.database = database;
    }

    /// A volume as the database has it.
    ///
    /// @param containers ids of those that use it, but for those that are being removed
    record Row(String namespace, String name, Instant created, NewVolume how, List<String> containers) {}

    /// A container's use of a volume.
    ///
    /// @param owned the volume was made for this container, and nobody named it
    public record Use(String volume, boolean owned) {}

    /// A volume's place.
    public record VolumeKey(String namespace, String name) {}

    /// Adds a volume; false when there is one of that name, which stays as it is.
    boolean insert(VolumeKey key, NewVolume how) {
        return database.write(connection -> add(connection, key, how));
    }

    private static boolean add(Connection connection, VolumeKey key, NewVolume how) throws SQLException {
        try (PreparedStatement s = connection.prepareStatement(
                "INSERT OR IGNORE INTO volumes (namespace, name, created, how) VALUES (?, ?, ?, ?)")) {
            s.setString(1, key.namespace());
            s.setString(2, key.name());
            s.setLong(3, System.currentTimeMillis());
            s.setBytes(4, OciJson.write(how));
            return s.executeUpdate() == 1;
        }
    }

    /// Runs `insertion`, which adds a container, and notes the volumes it uses, all or nothing.
    public void insertWith(Runnable insertion, String namespace, String container, List<Use> uses) {
        if (uses.isEmpty()) {
            insertion.run();
            return;
        }
        database.write(connection -> {
            insertion.run();
            for (Use use : uses) {
                try (PreparedStatement s = connection.prepareStatement(
                        "INSERT OR IGNORE INTO volume_uses (namespace, volume, container, owned, doomed)"
                                + " SELECT namespace, name, ?, ?, ? FROM volumes WHERE namespace = ? AND name = ?")) {
                    s.setString(1, container);
                    s.setBoolean(2, use.owned());
                    // until the container is there for all to see
                    s.setBoolean(3, use.owned());
                    s.setString(4, namespace);
                    s.setString(5, use.volume());
                    if (s.executeUpdate() == 0
                            && find(connection, new VolumeKey(namespace, use.volume()))
                                    .isEmpty()) {
                        throw new KelpException(
                                ErrorKind.CONFLICT, "the volume " + use.volume() + " was removed meanwhile");
                    }
                }
            }
            return true;
        });
    }

    /// Whether the volumes nobody named are to go with this container.
    public void doom(String container, boolean doomed) {
        database.writeEssentialRelaxed(connection -> {
            try (PreparedStatement s =
                    connection.prepareStatement("UPDATE volume_uses SET doomed = ? AND owned WHERE container = ?")) {
                s.setBoolean(1, doomed);
                s.setString(2, container);
                return s.executeUpdate();
            }
        });
    }

    /// Runs `deletion`, which deletes a container, and deletes the volumes that go with it and that no other uses.
    ///
    /// @return those, whose directories are to be removed
    public List<VolumeKey> deleteWith(Runnable deletion, String container) {
        return database.writeEssentialRelaxed(connection -> {
            List<VolumeKey> doomed = keys(
                    connection,
                    "SELECT namespace, volume FROM volume_uses WHERE container = ? AND doomed",
                    List.of(container));
            deletion.run();
            List<VolumeKey> gone = new ArrayList<>();
            for (VolumeKey key : doomed) {
                if (delete(connection, key)) {
                    gone.add(key);
                }
            }
            return gone;
        });
    }

    /// Deletes a volume unless it is used; the volume if it is gone.
    public Optional<VolumeKey> deleteUnused(VolumeKey key) {
        return delete(key) ? Optional.of(key) : Optional.empty();
    }

    /// Deletes a volume unless it is used.
    boolean delete(VolumeKey key) {
        return database.writeEssential(connection -> delete(connection, key));
    }

    /// A container that is being removed does not count: its user was told that it has ended.
    private static boolean delete(Connection connection, VolumeKey key) throws SQLException {
        if (find(connection, key).map(r -> !r.containers().isEmpty()).orElse(true)) {
            return false;
        }
        for (String table :
                List.of("volume_uses WHERE namespace = ? AND volume", "volumes WHERE namespace = ? AND name")) {
            try (PreparedStatement s = connection.prepareStatement("DELETE FROM " + table + " = ?")) {
                s.setString(1, key.namespace());
                s.setString(2, key.name());
                s.executeUpdate();
            }
        }
        return true;
    }

    Optional<Row> find(VolumeKey key) {
        return database.read(connection -> find(connection, key));
    }

    private static Optional<Row> find(Connection connection, VolumeKey key) throws SQLException {
        return rows(connection, "WHERE v.namespace = ? AND v.name = ?", List.of(key.namespace(), key.name())).stream()
                .findFirst();
    }

    List<Row> all(String namespace) {
        return database.read(c -> rows(c, "WHERE v.namespace = ?", List.of(namespace)));
    }

    /// Every volume of every namespace.
    List<VolumeKey> keys() {
        return database.read(c -> keys(c, "SELECT namespace, name FROM volumes", List.of()));
    }

    /// Whether a running container other than this one uses the volume.
    boolean isUsedByRunning(VolumeKey key, String otherThan) {
        SqlWork<Boolean> work = connection -> {
            try (PreparedStatement s = connection.prepareStatement("SELECT 1 FROM volume_uses u JOIN containers c ON"
                    + " c.id = u.container WHERE u.namespace = ? AND u.volume = ? AND c.id <> ? AND c.phase NOT IN"
                    + " ('CREATING', 'CREATED', 'EXITED', 'REMOVING')")) {
                s.setString(1, key.namespace());
                s.setString(2, key.name());
                s.setString(3, otherThan);
                try (ResultSet r = s.executeQuery()) {
                    return r.next();
                }
            }
        };
        return database.read(work);
    }

    private static List<VolumeKey> keys(Connection connection, String sql, List<String> arguments) throws SQLException {
        try (PreparedStatement s = connection.prepareStatement(sql)) {
            for (int i = 0; i < arguments.size(); i++) {
                s.setString(i + 1, arguments.get(i));
            }
            List<VolumeKey> found = new ArrayList<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    found.add(new VolumeKey(r.getString(1), r.getString(2)));
                }
            }
            return found;
        }
    }

    private static List<Row> rows(Connection connection, String where, List<String> arguments) throws SQLException {
        String sql = "SELECT v.namespace, v.name, v.created, v.how, group_concat(u.container) FROM volumes v"
                + " LEFT JOIN (volume_uses u JOIN containers c ON c.id = u.container AND c.phase <> 'REMOVING')"
                + " ON u.namespace = v.namespace AND u.volume = v.name " + where
                + " GROUP BY v.namespace, v.name ORDER BY v.name";
        try (PreparedStatement s = connection.prepareStatement(sql)) {
            for (int i = 0; i < arguments.size(); i++) {
                s.setString(i + 1, arguments.get(i));
            }
            List<Row> found = new ArrayList<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    String users = r.getString(5);
                    found.add(new Row(
                            r.getString(1),
                            r.getString(2),
                            Instant.ofEpochMilli(r.getLong(3)),
                            OciJson.read(r.getBytes(4), NewVolume.class, "the record of volume " + r.getString(2)),
                            users == null ? List.of() : List.of(users.split(","))));
                }
            }
            return found;
        }
    }
}
