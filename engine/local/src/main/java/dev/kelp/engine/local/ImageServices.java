// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.content.OciLayoutStore;
import dev.kelp.engine.Images;
import dev.kelp.engine.local.image.ImageBase;
import dev.kelp.engine.local.image.ImageService;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.Leases;
import dev.kelp.model.Platform;
import dev.kelp.registry.http.HttpLimits;
import dev.kelp.registry.http.Proxies;
import dev.kelp.registry.http.Transport;
import dev.kelp.rootless.Instance;
import dev.kelp.snapshot.NativeSnapshotter;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.layer.LayerApplication;
import dev.kelp.snapshot.layer.UnpackPolicy;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Images of all namespaces over one content store, wired up.
final class ImageServices implements ContainerCreation.ImageSource {
    private final GarbageCollector collector;
    private final ImageService images;

    ImageServices(
            Instance instance,
            Database database,
            Function<String, Snapshotter> snapshotters,
            String defaultSnapshotter) {
        Path data = instance.dataRoot();
        // copies work everywhere, so snapshots made that way on an earlier day are known and collected, too
        List<Snapshotter> known = Stream.of(defaultSnapshotter, NativeSnapshotter.NAME)
                .distinct()
                .map(snapshotters)
                .toList();
        OciLayoutStore content = new OciLayoutStore(data.resolve("content"));
        Leases leases = new Leases(database);
        collector = new GarbageCollector(database, leases, content, known);
        images = new ImageService(new ImageService.Parts(
                data,
                database,
                content,
                known,
                new LayerApplication(UnpackPolicy.of(instance)),
                new Transport(new Transport.Settings("kelp", HttpLimits.DEFAULT, Proxies.NONE, List.of())),
                leases,
                collector,
                ImageService.TRANSFERS_DEFAULT));
    }

    Images in(String namespace) {
        return images.images(namespace);
    }

    /// What an earlier daemon left unfinished, and what nothing reaches.
    void collectGarbage() {
        collector.recover();
    }

    @Override
    public ContainerCreation.Base base(
            String namespace, String nameOrId, @Nullable Platform platform, @Nullable String snapshotter) {
        ImageBase base = images.images(namespace).base(nameOrId, platform, snapshotter);
        return new ContainerCreation.Base(
                base.displayName(), base.digest(), base.platform(), base.config(), base.parent(), base.snapshotter());
    }
}
