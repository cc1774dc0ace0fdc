// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.content.OciLayoutStore;
import dev.kelp.snapshot.CommitOptions;
import dev.kelp.snapshot.OverlaySnapshotter;
import dev.kelp.snapshot.Snapshot;
import dev.kelp.snapshot.Snapshotter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnsyncedSnapshotsTest {
    @TempDir
    Path folder;

    private Database database;
    private Snapshotter snapshotter;
    private Leases leases;
    private GarbageCollector collector;

    @BeforeEach
    void open() {
        database = Database.open(folder.resolve("kelp.db"));
        snapshotter = new OverlaySnapshotter(folder, new SnapshotTable(database, "overlayfs"));
        leases = new Leases(database);
        collector = new GarbageCollector(
                database, leases, new OciLayoutStore(folder.resolve("content")), List.of(snapshotter));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private List<String> afterRestart() {
        try (Leases.Pin _ = leases.pin(List.of("overlayfs/top"))) {
            collector.recover();
        }
        return snapshotter.list(s -> true).stream().map(Snapshot::name).toList();
    }

    private void layers(UnsyncedSnapshots unsynced) {
        unsynced.mark("overlayfs/base");
        snapshotter.prepare("x", null, Map.of());
        snapshotter.commit("base", "x", CommitOptions.DEFAULT);
        unsynced.mark("overlayfs/top");
        snapshotter.prepare("y", "base", Map.of());
        snapshotter.commit("top", "y", CommitOptions.DEFAULT);
    }

    @Test
    void aPowerCutBeforeTheSyncTakesTheSnapshots() {
        layers(new UnsyncedSnapshots(database, "another boot"));
        assertThat(afterRestart()).isEmpty();
        assertThat(new UnsyncedSnapshots(database).ofEarlierBoots()).isEmpty();
    }

    @Test
    void aKilledProcessTakesNothing() {
        layers(new UnsyncedSnapshots(database));
        assertThat(afterRestart()).containsExactly("base", "top");
    }

    @Test
    void whatWasSyncedStays() {
        UnsyncedSnapshots before = new UnsyncedSnapshots(database, "another boot");
        layers(before);
        before.sync(folder);
        assertThat(afterRestart()).containsExactly("base", "top");
    }

    @Test
    void whatAContainerStandsOnStays() {
        layers(new UnsyncedSnapshots(database, "another boot"));
        snapshotter.prepare("container", "base", Map.of());
        try (Leases.Pin _ = leases.pin(List.of("overlayfs/container"))) {
            assertThat(afterRestart()).containsExactlyInAnyOrder("base", "container");
        }
    }
}
