// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.engine.Namespaces.NamespaceSummary;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The table of namespaces that somebody created or labelled, beside those that are there because something is in them.
public final class NamespaceRecords {
    private static final String ALWAYS = "default";
    private static final String NAMES = "SELECT name FROM namespaces UNION SELECT namespace FROM images"
            + " UNION SELECT namespace FROM containers UNION SELECT namespace FROM volumes"
            + " UNION SELECT namespace FROM manifest_lists UNION SELECT '" + ALWAYS + "'";

    private final Database database;

    public NamespaceRecords(Database database) {
        this.database = database;
    }

    public List<NamespaceSummary> list() {
        return database.read(c -> query(c, "", List.of()));
    }

    public Optional<NamespaceSummary> find(String name) {
        return database.read(c -> find(c, name));
    }

    private static Optional<NamespaceSummary> find(Connection c, String name) throws SQLException {
        return query(c, " WHERE n.name = ?", List.of(name)).stream().findFirst();
    }

    /// Adds one; false when it is there.
    public boolean insert(String name, Map<String, String> labels) {
        return database.write(c -> {
            if (find(c, name).isPresent()) {
                return false;
            }
            put(c, name, labels);
            return true;
        });
    }

    /// Sets labels, and takes away those without a value; false when there is no such namespace.
    public boolean label(String name, Map<String, String> labels) {
        return database.write(c -> {
            Optional<NamespaceSummary> now = find(c, name);
            if (now.isEmpty()) {
                return false;
            }
            Map<String, String> all = new TreeMap<>(now.get().labels());
            labels.forEach((k, v) -> {
                if (v.isEmpty()) {
                    all.remove(k);
                } else {
                    all.put(k, v);
                }
            });
            put(c, name, all);
            return true;
        });
    }

    private static void put(Connection c, String name, Map<String, String> labels) throws SQLException {
        try (PreparedStatement s =
                c.prepareStatement("INSERT OR REPLACE INTO namespaces (name, labels) VALUES (?, ?)")) {
            s.setString(1, name);
            s.setBytes(2, OciJson.write(new TreeMap<>(labels)));
            s.executeUpdate();
        }
    }

    /// Deletes an empty one; false when there is none of that name.
    public boolean delete(String name) {
        return database.writeEssential(c -> {
            Optional<NamespaceSummary> now = find(c, name);
            if (now.isEmpty()) {
                return false;
            }
            List<String> left = new ArrayList<>();
            if (now.get().containers() > 0) {
                left.add("containers");
            }
            if (now.get().images() > 0) {
                left.add("images");
            }
            if (now.get().volumes() > 0) {
                left.add("volumes");
            }
            if (!left.isEmpty()) {
                throw new KelpException(
                        ErrorKind.FAILED_PRECONDITION,
                        "unable to delete " + name + ": namespace \"" + name + "\" must be empty, but it still has "
                                + String.join(", ", left) + ": failed precondition");
            }
            for (String table : List.of("namespaces WHERE name", "manifest_lists WHERE namespace")) {
                try (PreparedStatement s = c.prepareStatement("DELETE FROM " + table + " = ?")) {
                    s.setString(1, name);
                    s.executeUpdate();
                }
            }
            return true;
        });
    }

    private static List<NamespaceSummary> query(Connection c, String where, List<String> arguments)
            throws SQLException {
        String sql = "SELECT n.name, l.labels, (SELECT count(*) FROM containers x WHERE x.namespace = n.name AND"
                + " x.phase <> 'CREATING'), (SELECT count(*) FROM images x WHERE x.namespace = n.name), (SELECT"
                + " count(*) FROM volumes x WHERE x.namespace = n.name) FROM (" + NAMES + ") n LEFT JOIN namespaces l"
                + " ON l.name = n.name" + where + " ORDER BY n.name";
        try (PreparedStatement s = c.prepareStatement(sql)) {
            for (int i = 0; i < arguments.size(); i++) {
                s.setString(i + 1, arguments.get(i));
            }
            List<NamespaceSummary> found = new ArrayList<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    byte[] labels = r.getBytes(2);
                    found.add(new NamespaceSummary(
                            r.getString(1),
                            labels == null ? Map.of() : labels(labels),
                            r.getInt(3),
                            r.getInt(4),
                            r.getInt(5)));
                }
            }
            return found;
        }
    }

    private static Map<String, String> labels(byte[] json) {
        Map<String, String> labels = new TreeMap<>();
        OciJson.tree(json, "the labels of a namespace")
                .properties()
                .forEach(e -> labels.put(e.getKey(), e.getValue().asString()));
        return labels;
    }
}
