// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.OciJson;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The table of manifest lists. The manifests that a list names are roots of the garbage collection.
public final class ManifestListRecords {
    private final Database database;

    public ManifestListRecords(Database database) {
        this.database = database;
    }

    /// An image of a list.
    ///
    /// @param source canonical reference the image was named by
    /// @param target the manifest, with its platform
    public record Row(
            String source, Descriptor target, @Nullable String osVersion, List<String> osFeatures) {
        public Row {
            osFeatures = osFeatures == null ? List.of() : List.copyOf(osFeatures);
        }
    }

    /// Replaces a list by what `change` makes of it, in one transaction; it is given null when there is none.
    public void change(String namespace, String name, UnaryOperator<@Nullable List<Row>> change) {
        database.write(c -> {
            List<Row> now = change.apply(find(c, namespace, name).orElse(null));
            try (PreparedStatement s = c.prepareStatement(
                    "INSERT OR REPLACE INTO manifest_lists (namespace, name, entries) VALUES (?, ?, ?)")) {
                s.setString(1, namespace);
                s.setString(2, name);
                s.setBytes(3, OciJson.write(now == null ? List.of() : now));
                return s.executeUpdate();
            }
        });
    }

    public Optional<List<Row>> find(String namespace, String name) {
        return database.read(c -> find(c, namespace, name));
    }

    private static Optional<List<Row>> find(Connection c, String namespace, String name) throws SQLException {
        try (PreparedStatement s =
                c.prepareStatement("SELECT entries FROM manifest_lists WHERE namespace = ? AND name = ?")) {
            s.setString(1, namespace);
            s.setString(2, name);
            try (ResultSet r = s.executeQuery()) {
                return r.next()
                        ? Optional.of(List.of(OciJson.read(r.getBytes(1), Row[].class, "manifest list " + name)))
                        : Optional.empty();
            }
        }
    }

    public List<String> names(String namespace) {
        return database.read(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("SELECT name FROM manifest_lists WHERE namespace = ? ORDER BY name")) {
                s.setString(1, namespace);
                List<String> names = new ArrayList<>();
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        names.add(r.getString(1));
                    }
                }
                return names;
            }
        });
    }

    /// False when there is none of that name.
    public boolean delete(String namespace, String name) {
        return database.writeEssential(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("DELETE FROM manifest_lists WHERE namespace = ? AND name = ?")) {
                s.setString(1, namespace);
                s.setString(2, name);
                return s.executeUpdate() > 0;
            }
        });
    }
}
