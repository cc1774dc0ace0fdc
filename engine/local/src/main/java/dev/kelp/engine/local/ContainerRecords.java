// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.ContainerRecord.Phase;
import dev.kelp.engine.local.ContainerRecord.Run;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The table of containers. Every method is one transaction.
final class ContainerRecords {
    private static final System.Logger LOG = System.getLogger(ContainerRecords.class.getName());
    private static final int ID_CHARS = 64;
    private static final String COLUMNS = "namespace, id, name, definition, run";

    private final Database database;
    private final ParsedDefinitions definitions = new ParsedDefinitions();
    private final Set<String> unreadable = ConcurrentHashMap.newKeySet();

    ContainerRecords(Database database) {
        this.database = database;
    }

    /// Adds a container; ALREADY_EXISTS when the name is taken in its namespace.
    void insert(ContainerRecord c) {
        database.writeRelaxed(connection -> {
            try (PreparedStatement find =
                    connection.prepareStatement("SELECT id FROM containers WHERE namespace = ? AND name = ?")) {
                find.setString(1, c.namespace());
                find.setString(2, c.name());
                try (ResultSet r = find.executeQuery()) {
                    if (r.next()) {
                        throw nameTaken(c.name(), r.getString(1));
                    }
                }
            }
            try (PreparedStatement add = connection.prepareStatement(
                    "INSERT INTO containers (namespace, id, name, phase, created, definition, run)"
                            + " VALUES (?, ?, ?, ?, ?, ?, ?)")) {
                add.setString(1, c.namespace());
                add.setString(2, c.id());
                add.setString(3, c.name());
                add.setString(4, c.run().phase().name());
                add.setLong(5, c.definition().createdMillis());
                add.setBytes(6, OciJson.write(c.definition()));
                add.setBytes(7, OciJson.write(c.run()));
                add.executeUpdate();
            }
            return true;
        });
    }

    private static KelpException nameTaken(String name, String id) {
        return new KelpException(
                        ErrorKind.ALREADY_EXISTS,
                        "the container name `" + name + "` is in use by container " + id.substring(0, 12))
                .withHint("remove that container (`kelp rm " + name + "`) or choose another name");
    }

    /// Stores how a run goes; a power cut may take that back, when nothing runs any more anyway. A container that
    /// is
    /// being removed has given its name away.
    void update(ContainerRecord c) {
        database.writeEssentialRelaxed(connection -> change(connection, c));
    }

    /// As [#update], and survives a power cut.
    void updateDurably(ContainerRecord c) {
        database.write(connection -> change(connection, c));
    }

    private static boolean change(Connection connection, ContainerRecord c) throws SQLException {
        try (PreparedStatement s = connection.prepareStatement(
                "UPDATE containers SET phase = ?, name = ?, run = ? WHERE namespace = ? AND id = ?")) {
            s.setString(1, c.run().phase().name());
            s.setString(2, c.run().phase() == Phase.REMOVING ? c.id() : c.name());
            s.setBytes(3, OciJson.write(c.run()));
            s.setString(4, c.namespace());
            s.setString(5, c.id());
            return s.executeUpdate() == 1;
        }
    }

    /// Gives a container another name; ALREADY_EXISTS when it is taken.
    void rename(ContainerRecord c, String name) {
        database.write(connection -> {
            try (PreparedStatement find =
                    connection.prepareStatement("SELECT id FROM containers WHERE namespace = ? AND name = ?")) {
                find.setString(1, c.namespace());
                find.setString(2, name);
                try (ResultSet r = find.executeQuery()) {
                    if (r.next()) {
                        throw nameTaken(name, r.getString(1));
                    }
                }
            }
            try (PreparedStatement s =
                    connection.prepareStatement("UPDATE containers SET name = ? WHERE namespace = ? AND id = ?")) {
                s.setString(1, name);
                s.setString(2, c.namespace());
                s.setString(3, c.id());
                return s.executeUpdate() == 1;
            }
        });
    }

    /// Stores a changed definition; what it says was acknowledged, so it survives a power cut.
    void redefine(ContainerRecord c) {
        database.write(connection -> {
            try (PreparedStatement s = connection.prepareStatement(
                    "UPDATE containers SET definition = ? WHERE namespace = ? AND id = ?")) {
                s.setBytes(1, OciJson.write(c.definition()));
                s.setString(2, c.namespace());
                s.setString(3, c.id());
                return s.executeUpdate() == 1;
            }
        });
    }

    void delete(ContainerRecord c) {
        definitions.forget(c.id());
        database.writeEssentialRelaxed(connection -> {
            try (PreparedStatement s =
                    connection.prepareStatement("DELETE FROM containers WHERE namespace = ? AND id = ?")) {
                s.setString(1, c.namespace());
                s.setString(2, c.id());
                s.executeUpdate();
            }
            for (String table : List.of("health", "log_positions")) {
                try (PreparedStatement s =
                        connection.prepareStatement("DELETE FROM " + table + " WHERE container = ?")) {
                    s.setString(1, c.id());
                    s.executeUpdate();
                }
            }
            return true;
        });
    }

    /// Lets go of what only makes the next look at many containers faster.
    void trim() {
        definitions.trim();
    }

    Optional<ContainerRecord> byId(String namespace, String id) {
        return query("WHERE namespace = ? AND id = ?", namespace, id).stream().findFirst();
    }

    Optional<ContainerRecord> byName(String namespace, String name) {
        return query("WHERE namespace = ? AND name = ? AND phase NOT IN ('CREATING', 'REMOVING')", namespace, name)
                .stream()
                .findFirst();
    }

    /// Those whose id begins with `prefix` (hexadecimal digits, checked by the caller); two are enough to know it
    /// is
    /// ambiguous.
    List<ContainerRecord> byPrefix(String namespace, String prefix) {
        // the plus keeps SQLite from the index by name, where it would look at every container
        return query(
                "WHERE +namespace = ? AND id >= ? AND id < ? AND phase NOT IN ('CREATING', 'REMOVING') LIMIT 2",
                namespace,
                prefix,
                prefix + "g");
    }

    /// The container a name, id or unambiguous prefix of an id stands for.
    ContainerRecord find(String namespace, String container) {
        Optional<ContainerRecord> named = byName(namespace, container);
        if (named.isPresent()) {
            return named.get();
        }
        if (!container.matches("[0-9a-f]{1,64}")) {
            throw KelpException.notFound("no such container: " + container);
        }
        if (container.length() == ID_CHARS) {
            return byId(namespace, container)
                    .filter(c -> c.run().phase() != Phase.CREATING && c.run().phase() != Phase.REMOVING)
                    .orElseThrow(() -> KelpException.notFound("no such container: " + container));
        }
        List<ContainerRecord> found = byPrefix(namespace, container);
        return switch (found.size()) {
            case 0 -> throw KelpException.notFound("no such container: " + container);
            case 1 -> found.getFirst();
            default ->
                throw KelpException.invalid("container id prefix `" + container + "` is ambiguous")
                        .withHint("give more digits of the id");
        };
    }

    /// Those that users see, newest first: in the order in which they were made, whatever the clock said.
    List<ContainerRecord> visible(String namespace) {
        return readable("WHERE namespace = ? AND phase NOT IN ('CREATING', 'REMOVING') ORDER BY rowid DESC", namespace);
    }

    List<ContainerRecord> running(String namespace) {
        return readable("WHERE namespace = ? AND phase IN ('RUNNING', 'RESTARTING') ORDER BY rowid DESC", namespace);
    }

    /// The ids of those that do not run and are not about to, newest first.
    List<String> stoppedIds(String namespace) {
        return ids("WHERE namespace = ? AND phase IN ('CREATED', 'EXITED') ORDER BY rowid DESC", namespace);
    }

    /// The ids of all, also of those that cannot be read.
    List<String> ids() {
        return ids("");
    }

    private List<String> ids(String where, String... arguments) {
        return database.read(connection -> {
            try (PreparedStatement s = connection.prepareStatement("SELECT id FROM containers " + where)) {
                for (int i = 0; i < arguments.length; i++) {
                    s.setString(i + 1, arguments[i]);
                }
                List<String> ids = new ArrayList<>();
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        ids.add(r.getString(1));
                    }
                }
                return ids;
            }
        });
    }

    /// Every container of every namespace, whatever its phase.
    ///
    /// @throws KelpException when one cannot be read
    List<ContainerRecord> all() {
        return query("ORDER BY rowid");
    }

    /// As [#all], without those that cannot be read.
    List<ContainerRecord> readable() {
        return readable("ORDER BY rowid");
    }

    /// Notes the exit code of a container that is going away; the table keeps the last thousand.
    void keepExit(ContainerRecord c, int code) {
        database.writeEssentialRelaxed(connection -> {
            try (PreparedStatement s = connection.prepareStatement(
                    "INSERT INTO exits (namespace, id, name, exit_code, finished) VALUES (?, ?, ?, ?, ?)")) {
                s.setString(1, c.namespace());
                s.setString(2, c.id());
                s.setString(3, c.name());
                s.setInt(4, code);
                s.setLong(5, System.currentTimeMillis());
                return s.executeUpdate();
            }
        });
    }

    /// The last exit code of a container that is gone, by id or name, as long as it is remembered.
    Optional<Integer> pastExit(String namespace, String idOrName) {
        return database.read(connection -> {
            try (PreparedStatement s = connection.prepareStatement(
                    "SELECT exit_code FROM exits WHERE namespace = ? AND (id = ? OR name = ?)"
                            + " ORDER BY seq DESC LIMIT 1")) {
                s.setString(1, namespace);
                s.setString(2, idOrName);
                s.setString(3, idOrName);
                try (ResultSet r = s.executeQuery()) {
                    return r.next() ? Optional.of(r.getInt(1)) : Optional.<Integer>empty();
                }
            }
        });
    }

    private List<ContainerRecord> query(String where, String... arguments) {
        return query(this::record, where, arguments);
    }

    /// Without those that cannot be read: one of them must not take all the others with it.
    private List<ContainerRecord> readable(String where, String... arguments) {
        return query(
                r -> {
                    try {
                        return record(r);
                    } catch (KelpException e) {
                        if (unreadable.add(r.getString(2))) {
                            LOG.log(Level.WARNING, "left out of lists: {0}", e.getMessage());
                        }
                        return null;
                    }
                },
                where,
                arguments);
    }

    private interface Row {
        @Nullable
        ContainerRecord read(ResultSet r) throws SQLException;
    }

    private List<ContainerRecord> query(Row row, String where, String... arguments) {
        return database.read(connection -> {
            try (PreparedStatement s = connection.prepareStatement("SELECT " + COLUMNS + " FROM containers " + where)) {
                for (int i = 0; i < arguments.length; i++) {
                    s.setString(i + 1, arguments[i]);
                }
                List<ContainerRecord> found = new ArrayList<>();
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        ContainerRecord c = row.read(r);
                        if (c != null) {
                            found.add(c);
                        }
                    }
                }
                return found;
            }
        });
    }

    private ContainerRecord record(ResultSet r) throws SQLException {
        String id = r.getString(2);
        return new ContainerRecord(
                r.getString(1),
                id,
                r.getString(3),
                definitions.of(id, r.getBytes(4)),
                OciJson.read(r.getBytes(5), Run.class, "the state of container " + id));
    }
}
