// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.local.metadata.Database;
import dev.kelp.runtime.LogCursor.Position;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.Optional;

/// How far containers' logs have been sent on.
final class LogPositions {
    private final Database database;

    LogPositions(Database database) {
        this.database = database;
    }

    Optional<Position> find(String container) {
        return database.read(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("SELECT file, offset FROM log_positions WHERE container = ?")) {
                s.setString(1, container);
                try (ResultSet r = s.executeQuery()) {
                    return r.next() ? Optional.of(new Position(r.getString(1), r.getLong(2))) : Optional.empty();
                }
            }
        });
    }

    /// What a power cut takes away is sent twice.
    void put(String container, Position position) {
        database.writeRelaxed(c -> {
            try (PreparedStatement s = c.prepareStatement(
                    "INSERT OR REPLACE INTO log_positions (container, file, offset) VALUES (?, ?, ?)")) {
                s.setString(1, container);
                s.setString(2, position.file());
                s.setLong(3, position.offset());
                return s.executeUpdate();
            }
        });
    }

    void delete(String container) {
        database.writeEssentialRelaxed(c -> {
            try (PreparedStatement s = c.prepareStatement("DELETE FROM log_positions WHERE container = ?")) {
                s.setString(1, container);
                return s.executeUpdate();
            }
        });
    }
}
