// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import dev.kelp.content.ContentStore;
import dev.kelp.content.ContentStore.Blob;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.Snapshot;
import dev.kelp.snapshot.Snapshotter;
import java.lang.System.Logger;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Removes what nothing reaches: mark and sweep.
///
/// Roots are the targets of images and the manifests of manifest lists of all namespaces, the images of containers,
/// containers' own snapshots (named by the
/// container's id, or by it and `-…`), leases that have not ended and pins. Whoever adds a lease or a pin waits while
/// blobs are swept,
/// and at most one snapshot's removal at a time; so what was retained before it was looked at is never taken away.
///
/// Interrupted at any point it leaves garbage only: rows go before files, children before parents.
public final class GarbageCollector {
    private static final Logger LOG = System.getLogger(GarbageCollector.class.getName());
    /// How long a partial blob waits to be resumed.
    public static final Duration PARTIAL_LIFE = Duration.ofHours(24);

    private static final String REACHED = """
            WITH RECURSIVE live (node) AS (
                SELECT target FROM images
                UNION SELECT json_extract(e.value, '$.target.digest')
                      FROM manifest_lists l, json_each(CAST(l.entries AS TEXT)) e
                UNION SELECT image FROM containers WHERE image IS NOT NULL
                UNION SELECT snapshotter || '/' || parent FROM containers
                      WHERE parent IS NOT NULL AND snapshotter IS NOT NULL
                UNION SELECT s.node FROM snapshots s JOIN containers c ON c.id = substr(s.name, 1, 64)
                      WHERE s.kind <> 'committed' AND (length(s.name) = 64 OR substr(s.name, 65, 1) = '-')
                UNION SELECT node FROM lease_nodes JOIN leases ON lease = id WHERE expires > ?
                UNION SELECT value FROM json_each(?)
                UNION SELECT child FROM edges JOIN live ON edges.parent = live.node
                UNION SELECT parent_node FROM snapshots JOIN live ON snapshots.node = live.node
                      WHERE parent_node IS NOT NULL)
            SELECT node FROM live""";

    private final Database database;
    private final Leases leases;
    private final ContentStore content;
    private final Collection<Snapshotter> snapshotters;
    private final UnsyncedSnapshots unsynced;

    public GarbageCollector(
            Database database, Leases leases, ContentStore content, Collection<Snapshotter> snapshotters) {
        this.database = database;
        this.leases = leases;
        this.content = content;
        this.snapshotters = List.copyOf(snapshotters);
        this.unsynced = new UnsyncedSnapshots(database);
    }

    /// What was removed.
    ///
    /// @param snapshots as nodes
    /// @param bytes sizes of the blobs and of the committed snapshots
    public record Collected(List<Digest> blobs, List<String> snapshots, long bytes) {}

    /// To be called once at the start, before anything else uses the engine: what an earlier process left
    /// unfinished is
    /// removed, except the beginnings of downloads less than a day old.
    public void recover() {
        leases.recover();
        removeUnsynced();
        content.deletePartials(Instant.now().minus(PARTIAL_LIFE));
        Collected c = collect();
        for (Snapshotter s : snapshotters) {
            s.cleanup();
        }
        LOG.log(
                Logger.Level.DEBUG,
                () -> "removed " + c.blobs().size() + " blobs, " + c.snapshots().size() + " snapshots at the start");
    }

    /// Children come first, so that only what a container stands on stays.
    private void removeUnsynced() {
        List<String> nodes = unsynced.ofEarlierBoots();
        if (nodes.isEmpty()) {
            return;
        }
        for (Snapshotter snapshotter : snapshotters) {
            for (Snapshot s : snapshotter.list(x -> true).reversed()) {
                String node = Nodes.snapshot(snapshotter.name(), s.name());
                if (nodes.contains(node) && !removeUnlessUsed(snapshotter, s)) {
                    LOG.log(
                            Logger.Level.WARNING,
                            "snapshot " + node + " was unpacked shortly before this machine went down, and files in it"
                                    + " may be empty; a container uses it");
                }
            }
        }
        unsynced.unmark(nodes);
    }

    /// Removes everything that is not reached now.
    public synchronized Collected collect() {
        List<Blob> blobs = leases.exclusively(this::sweepBlobs);
        List<String> snapshots = new ArrayList<>();
        long bytes = blobs.stream().mapToLong(Blob::sizeBytes).sum();
        Set<String> live = reached();
        for (Snapshotter snapshotter : snapshotters) {
            for (Snapshot s : snapshotter.list(x -> true).reversed()) {
                String node = Nodes.snapshot(snapshotter.name(), s.name());
                if (!live.contains(node) && leases.exclusively(() -> remove(snapshotter, s))) {
                    snapshots.add(node);
                    bytes += s instanceof Snapshot.Committed c ? c.usage().sizeBytes() : 0;
                }
            }
        }
        database.refillReserve();
        return new Collected(blobs.stream().map(Blob::digest).toList(), snapshots, bytes);
    }

    /// The nodes that are reached from a root.
    Set<String> reached() {
        return database.read(c -> {
            try (PreparedStatement s = c.prepareStatement(REACHED)) {
                s.setLong(1, System.currentTimeMillis());
                s.setString(2, leases.pinnedJson());
                Set<String> nodes = new HashSet<>();
                try (ResultSet r = s.executeQuery()) {
                    while (r.next()) {
                        nodes.add(r.getString(1));
                    }
                }
                return nodes;
            }
        });
    }

    private List<Blob> sweepBlobs() {
        Set<String> live = reached();
        List<Blob> dead = content.list().stream()
                .filter(b -> !live.contains(Nodes.blob(b.digest())))
                .toList();
        if (dead.isEmpty()) {
            return dead;
        }
        database.writeEssentialRelaxed(c -> {
            try (PreparedStatement edges = c.prepareStatement("DELETE FROM edges WHERE parent = ?");
                    PreparedStatement labels = c.prepareStatement("DELETE FROM blob_labels WHERE digest = ?")) {
                for (Blob b : dead) {
                    edges.setString(1, Nodes.blob(b.digest()));
                    edges.executeUpdate();
                    labels.setString(1, b.digest().toString());
                    labels.executeUpdate();
                }
                return true;
            }
        });
        dead.forEach(b -> content.delete(b.digest()));
        return dead;
    }

    /// Removes a snapshot unless it came to be reached meanwhile: by a lease, a container or a child.
    private boolean remove(Snapshotter snapshotter, Snapshot s) {
        if (reached().contains(Nodes.snapshot(snapshotter.name(), s.name()))) {
            return false;
        }
        return removeUnlessUsed(snapshotter, s);
    }

    private static boolean removeUnlessUsed(Snapshotter snapshotter, Snapshot s) {
        try {
            snapshotter.remove(s.name());
            return true;
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.FAILED_PRECONDITION || e.kind() == ErrorKind.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }
}
