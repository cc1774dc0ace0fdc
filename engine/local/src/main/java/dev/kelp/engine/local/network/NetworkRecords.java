// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import dev.kelp.engine.local.metadata.Database;
import dev.kelp.model.network.NetworkDefinition;
import dev.kelp.model.oci.OciJson;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.List;

/// The tables of networks and of who is on them.
final class NetworkRecords {
    private final Database database;

    NetworkRecords(Database database) {
        this.database = database;
    }

    void insert(NetworkDefinition network) {
        database.write(connection -> {
            try (PreparedStatement s =
                    connection.prepareStatement("INSERT INTO networks (id, name, definition) VALUES (?, ?, ?)")) {
                s.setString(1, network.id());
                s.setString(2, network.name());
                s.setBytes(3, OciJson.write(network));
                return s.executeUpdate();
            }
        });
    }

    /// As [#insert], in place of the one with that id.
    void replace(NetworkDefinition network) {
        database.write(connection -> {
            try (PreparedStatement s =
                    connection.prepareStatement("UPDATE networks SET name = ?, definition = ? WHERE id = ?")) {
                s.setString(1, network.name());
                s.setBytes(2, OciJson.write(network));
                s.setString(3, network.id());
                return s.executeUpdate();
            }
        });
    }

    void delete(NetworkDefinition network) {
        database.writeEssential(connection -> {
            try (PreparedStatement s = connection.prepareStatement("DELETE FROM networks WHERE id = ?")) {
                s.setString(1, network.id());
                return s.executeUpdate();
            }
        });
    }

    /// By age.
    List<NetworkDefinition> networks() {
        return all("SELECT definition FROM networks ORDER BY seq", NetworkDefinition.class, "a network's record");
    }

    /// Needed only while the container runs, so a power cut may take it back.
    void keep(Attachment attachment) {
        database.writeRelaxed(connection -> {
            try (PreparedStatement s = connection.prepareStatement(
                    "INSERT OR REPLACE INTO attachments (container, state) VALUES (?, ?)")) {
                s.setString(1, attachment.container());
                s.setBytes(2, OciJson.write(attachment));
                return s.executeUpdate();
            }
        });
    }

    void forget(String container) {
        database.writeEssentialRelaxed(connection -> {
            try (PreparedStatement s = connection.prepareStatement("DELETE FROM attachments WHERE container = ?")) {
                s.setString(1, container);
                return s.executeUpdate();
            }
        });
    }

    List<Attachment> attachments() {
        return all("SELECT state FROM attachments", Attachment.class, "a container's record of networks");
    }

    private <T> List<T> all(String sql, Class<T> type, String what) {
        return database.read(connection -> {
            List<T> found = new ArrayList<>();
            try (PreparedStatement s = connection.prepareStatement(sql);
                    ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    found.add(OciJson.read(r.getBytes(1), type, what));
                }
            }
            return found;
        });
    }
}
