// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.model.Digest;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The table of images: names and what they stand for. An image that lost its last name is kept under its digest: it is
/// dangling, listed, and removed by whoever asks for that.
public final class ImageRecords {
    private static final String COLUMNS = "name, target, media_type, size, created, updated";

    private final Database database;

    public ImageRecords(Database database) {
        this.database = database;
    }

    /// @param name canonical reference, or the target's digest
    public record ImageRecord(String name, Descriptor target, Instant created, Instant updated) {
        public boolean isDangling() {
            return name.equals(target.digest().toString());
        }
    }

    /// Gives a name to a target. What had the name before keeps its other names, or dangles.
    public void put(String namespace, String name, Descriptor target) {
        database.write(c -> {
            Optional<ImageRecord> old = find(c, namespace, name);
            insert(c, namespace, name, target, old.map(ImageRecord::created).orElse(null));
            if (old.isPresent() && !old.get().target().digest().equals(target.digest())) {
                Descriptor lost = old.get().target();
                if (byTarget(c, namespace, lost.digest()).isEmpty()) {
                    insert(
                            c,
                            namespace,
                            lost.digest().toString(),
                            lost,
                            old.get().created());
                }
            }
            if (!name.equals(target.digest().toString())) {
                delete(c, namespace, target.digest().toString());
            }
            return true;
        });
    }

    private static void insert(
            Connection c,
            String namespace,
            String name,
            Descriptor target,
            @org.jspecify.annotations.Nullable Instant created)
            throws SQLException {
        long now = System.currentTimeMillis();
        try (PreparedStatement s =
                c.prepareStatement("INSERT INTO images (namespace, name, target, media_type, size, created, updated)"
                        + " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET target = excluded.target,"
                        + " media_type = excluded.media_type, size = excluded.size, updated = excluded.updated")) {
            s.setString(1, namespace);
            s.setString(2, name);
            s.setString(3, target.digest().toString());
            s.setString(4, target.mediaType());
            s.setLong(5, target.size());
            s.setLong(6, created == null ? now : created.toEpochMilli());
            s.setLong(7, now);
            s.executeUpdate();
        }
    }

    public Optional<ImageRecord> find(String namespace, String name) {
        return database.read(c -> find(c, namespace, name));
    }

    private static Optional<ImageRecord> find(Connection c, String namespace, String name) throws SQLException {
        return query(c, "WHERE namespace = ? AND name = ?", namespace, name).stream()
                .findFirst();
    }

    /// All names of a target.
    public List<ImageRecord> byTarget(String namespace, Digest target) {
        return database.read(c -> byTarget(c, namespace, target));
    }

    /// The plus keeps SQLite from looking at every image of the namespace.
    private static List<ImageRecord> byTarget(Connection c, String namespace, Digest target) throws SQLException {
        return query(c, "WHERE +namespace = ? AND target = ? ORDER BY name", namespace, target.toString());
    }

    /// All of a namespace, newest first.
    public List<ImageRecord> list(String namespace) {
        return database.read(c -> query(c, "WHERE namespace = ? ORDER BY updated DESC, name", namespace));
    }

    /// Takes these names, or all when there are none, away from a target, which dangles when it has lost the last.
    ///
    /// @return the names that are gone
    public List<String> untag(String namespace, Descriptor target, List<String> names) {
        return database.write(c -> {
            List<ImageRecord> all = byTarget(c, namespace, target.digest());
            List<String> own = new ArrayList<>();
            all.stream().filter(r -> !r.isDangling()).forEach(r -> own.add(r.name()));
            for (String name : names) {
                if (!own.contains(name)) {
                    throw KelpException.notFound("the image has no name `" + name + "`");
                }
            }
            List<String> gone = names.isEmpty() ? own : names;
            for (String name : gone) {
                delete(c, namespace, name);
            }
            if (!gone.isEmpty() && byTarget(c, namespace, target.digest()).isEmpty()) {
                insert(
                        c,
                        namespace,
                        target.digest().toString(),
                        target,
                        all.getFirst().created());
            }
            return gone;
        });
    }

    /// How many names a target has.
    public int namesOf(String namespace, Digest target) {
        return database.read(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("SELECT count(*) FROM images WHERE +namespace = ? AND target = ?")) {
                s.setString(1, namespace);
                s.setString(2, target.toString());
                try (ResultSet r = s.executeQuery()) {
                    return r.next() ? r.getInt(1) : 0;
                }
            }
        });
    }

    /// Takes names away, all or none of them. A power cut may give them back until [#sync].
    public void delete(String namespace, List<String> names) {
        database.writeEssentialRelaxed(c -> {
            for (String name : names) {
                delete(c, namespace, name);
            }
            return true;
        });
    }

    /// Lets what was changed survive a power cut.
    public void sync() {
        database.sync();
    }

    /// Takes a name away unless it stands for something else by now, or a container has come to use one of these
    /// manifests.
    ///
    /// @return whether it did
    public boolean deleteUnused(String namespace, ImageRecord image, List<Digest> manifests) {
        return database.writeEssential(c -> {
            Optional<ImageRecord> now = find(c, namespace, image.name());
            if (now.isEmpty()
                    || !now.get().target().digest().equals(image.target().digest())) {
                return false;
            }
            for (Digest m : manifests) {
                if (!containersOf(c, namespace, m).isEmpty()) {
                    return false;
                }
            }
            delete(c, namespace, image.name());
            return true;
        });
    }

    private static void delete(Connection c, String namespace, String name) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("DELETE FROM images WHERE namespace = ? AND name = ?")) {
            s.setString(1, namespace);
            s.setString(2, name);
            s.executeUpdate();
        }
    }

    /// Whether containers are on their way out, which use their images for a moment still.
    public boolean areContainersLeaving(String namespace) {
        return database.read(c -> {
            try (PreparedStatement s =
                    c.prepareStatement("SELECT 1 FROM containers WHERE namespace = ? AND phase = 'REMOVING' LIMIT 1")) {
                s.setString(1, namespace);
                try (ResultSet r = s.executeQuery()) {
                    return r.next();
                }
            }
        });
    }

    /// A container that runs, or is to run, one of these manifests.
    ///
    /// @return its id
    public List<String> containersOf(String namespace, Digest manifest) {
        return database.read(c -> containersOf(c, namespace, manifest));
    }

    private static List<String> containersOf(Connection c, String namespace, Digest manifest) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("SELECT id FROM containers WHERE namespace = ? AND image = ?")) {
            s.setString(1, namespace);
            s.setString(2, manifest.toString());
            List<String> ids = new ArrayList<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    ids.add(r.getString(1));
                }
            }
            return ids;
        }
    }

    private static List<ImageRecord> query(Connection c, String where, String... arguments) throws SQLException {
        try (PreparedStatement s = c.prepareStatement("SELECT " + COLUMNS + " FROM images " + where)) {
            for (int i = 0; i < arguments.length; i++) {
                s.setString(i + 1, arguments[i]);
            }
            List<ImageRecord> found = new ArrayList<>();
            try (ResultSet r = s.executeQuery()) {
                while (r.next()) {
                    found.add(new ImageRecord(
                            r.getString(1),
                            Descriptor.of(r.getString(3), Digest.parse(r.getString(2)), r.getLong(4)),
                            Instant.ofEpochMilli(r.getLong(5)),
                            Instant.ofEpochMilli(r.getLong(6))));
                }
            }
            return found;
        }
    }
}
