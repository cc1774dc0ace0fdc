// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.content.OciLayoutStore;
import dev.kelp.engine.Progress;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.Leases;
import dev.kelp.engine.local.metadata.SnapshotTable;
import dev.kelp.registry.http.HttpLimits;
import dev.kelp.registry.http.Transport;
import dev.kelp.snapshot.NativeSnapshotter;
import dev.kelp.snapshot.OverlaySnapshotter;
import dev.kelp.snapshot.Snapshot;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.layer.LayerApplication;
import dev.kelp.snapshot.layer.Ownership;
import dev.kelp.snapshot.layer.UnpackLimits;
import dev.kelp.snapshot.layer.UnpackPolicy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;

/// Everything images need, over a folder.
final class TestEngine implements AutoCloseable {
    final Database database;
    final OciLayoutStore content;
    final Snapshotter overlay;
    final Snapshotter copies;
    final Leases leases;
    final GarbageCollector collector;
    final ImageService service;
    final LocalImages images;
    final ConcurrentLinkedQueue<Progress.Update> updates = new ConcurrentLinkedQueue<>();
    private final Transport transport =
            new Transport(new Transport.Settings("kelp-test", HttpLimits.DEFAULT, List.of()));

    TestEngine(Path folder) {
        database = Database.open(folder.resolve("kelp.db"));
        content = new OciLayoutStore(folder.resolve("content"));
        overlay = new OverlaySnapshotter(folder, new SnapshotTable(database, OverlaySnapshotter.NAME));
        copies = new NativeSnapshotter(folder, new SnapshotTable(database, NativeSnapshotter.NAME));
        leases = new Leases(database);
        collector = new GarbageCollector(database, leases, content, List.of(overlay, copies));
        boolean single = "single".equals(System.getenv("KELP_TEST_NAMESPACE"));
        UnpackPolicy policy = new UnpackPolicy(UnpackLimits.DEFAULT, single ? Ownership.SQUASH : Ownership.EXACT);
        service = new ImageService(new ImageService.Parts(
                folder,
                database,
                content,
                List.of(overlay, copies),
                new LayerApplication(policy),
                transport,
                leases,
                collector,
                ImageService.TRANSFERS_DEFAULT));
        images = service.images("default");
    }

    Progress progress() {
        return updates::add;
    }

    Set<String> snapshots() {
        return overlay.list(s -> true).stream().map(Snapshot::name).collect(Collectors.toSet());
    }

    /// States that an item went through, repeated ones once.
    List<Progress.State> states(String key) {
        List<Progress.State> states = new ArrayList<>();
        for (Progress.Update u : updates) {
            if (u.key().equals(key) && (states.isEmpty() || states.getLast() != u.state())) {
                states.add(u.state());
            }
        }
        return states;
    }

    @Override
    public void close() {
        transport.close();
        database.close();
    }
}
