// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Containers.Health;
import dev.kelp.engine.Containers.HealthProbe;
import dev.kelp.engine.Containers.HealthStatus;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.model.oci.OciJson;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The table of how health checks went. A container's row goes with its record.
final class HealthRecords {
    private final Database database;

    HealthRecords(Database database) {
        this.database = database;
    }

    record Row(String status, int failingStreak, List<Entry> log) {}

    /// Times are RFC 3339.
    record Entry(String start, String end, int exitCode, String output) {}

    Map<String, Health> all() {
        return database.read(c -> {
            Map<String, Health> all = new HashMap<>();
            try (PreparedStatement s = c.prepareStatement("SELECT container, state FROM health");
                    ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    byte[] json = r.getString(2).getBytes(StandardCharsets.UTF_8);
                    all.put(r.getString(1), health(OciJson.read(json, Row.class, "the health of " + r.getString(1))));
                }
            }
            return all;
        });
    }

    private static Health health(Row row) {
        return new Health(
                HealthStatus.valueOf(row.status()),
                row.failingStreak(),
                row.log().stream()
                        .map(e -> new HealthProbe(
                                Instant.parse(e.start()), Instant.parse(e.end()), e.exitCode(), e.output()))
                        .toList());
    }

    void put(String container, Health h) {
        Row row = new Row(
                h.status().name(),
                h.failingStreak(),
                h.log().stream()
                        .map(p -> new Entry(p.start().toString(), p.end().toString(), p.exitCode(), p.output()))
                        .toList());
        database.writeEssentialRelaxed(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("INSERT OR REPLACE INTO health (container, state) VALUES (?, ?)")) {
                s.setString(1, container);
                s.setString(2, OciJson.mapper().writeValueAsString(row));
                return s.executeUpdate();
            }
        });
    }
}
