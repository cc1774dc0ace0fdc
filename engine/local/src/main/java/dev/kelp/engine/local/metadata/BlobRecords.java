// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.model.Digest;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// What is known of blobs beyond their bytes: what they lead to, and labels.
public final class BlobRecords {
    /// The label that names a repository (`docker.io/library/alpine`) which has the blob; a blob may have many.
    public static final String SOURCE = "source";

    private final Database database;

    public BlobRecords(Database database) {
        this.database = database;
    }

    /// That `parent` needs `child`; both are [Nodes].
    public record Edge(String parent, String child) {}

    /// Survives a power cut from the next durable transaction on: that which gives a name to what the edges lead
    /// from.
    public void addEdges(Collection<Edge> edges) {
        database.writeRelaxed(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("INSERT OR IGNORE INTO edges (parent, child) VALUES (?, ?)")) {
                for (Edge e : edges) {
                    s.setString(1, e.parent());
                    s.setString(2, e.child());
                    s.executeUpdate();
                }
            }
            return true;
        });
    }

    public List<String> children(String node) {
        return strings("SELECT child FROM edges WHERE parent = ?", node);
    }

    /// Notes that a repository has these blobs.
    public void addSource(Collection<Digest> digests, String repository) {
        database.writeRelaxed(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("INSERT OR IGNORE INTO blob_labels (digest, name, value) VALUES (?, ?, ?)")) {
                for (Digest d : digests) {
                    s.setString(1, d.toString());
                    s.setString(2, SOURCE);
                    s.setString(3, repository);
                    s.executeUpdate();
                }
            }
            return true;
        });
    }

    /// Repositories that have, or had, the blob.
    public List<String> sources(Digest digest) {
        return strings("SELECT value FROM blob_labels WHERE digest = ? AND name = '" + SOURCE + "'", digest.toString());
    }

    private List<String> strings(String sql, String argument) {
        return database.read(c -> {
            try (PreparedStatement s = c.prepareStatement(sql)) {
                s.setString(1, argument);
                List<String> found = new ArrayList<>();
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        found.add(r.getString(1));
                    }
                }
                return found;
            }
        });
    }
}
