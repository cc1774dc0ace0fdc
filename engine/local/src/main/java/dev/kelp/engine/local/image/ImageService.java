// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.content.ContentStore;
import dev.kelp.engine.ManifestLists;
import dev.kelp.engine.local.metadata.BlobRecords;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.ImageRecords;
import dev.kelp.engine.local.metadata.Leases;
import dev.kelp.engine.local.metadata.UnsyncedSnapshots;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.registry.http.Transport;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.layer.LayerApplication;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What the images of all namespaces share. Lives as long as the engine; safe for any number of threads.
public final class ImageService {
    private static final System.Logger LOG = System.getLogger(ImageService.class.getName());

    /// Layers, or blobs to push, that are on their way at a time: containerd's number.
    public static final int TRANSFERS_DEFAULT = 3;

    private static final long LEAVING_STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    /// For as long as a busy disk may need; what has not gone by then counts as a user.
    private static final int LEAVING_STEPS_MAX = 500;

    private final Parts parts;
    private final Observer observer;
    private final ImageRecords records;
    private final BlobRecords blobs;
    private final ImageContents contents;
    private final Turns turns = new Turns();
    private final UnsyncedSnapshots unsynced;
    private final AtomicBoolean settling = new AtomicBoolean();

    /// What the service works with; all borrowed.
    ///
    /// @param dataRoot the folder content and snapshots lie in, absolute
    /// @param snapshotters the first is the default
    /// @param transfers how many layers or blobs are transferred at a time
    public record Parts(
            Path dataRoot,
            Database database,
            ContentStore content,
            List<Snapshotter> snapshotters,
            LayerApplication layers,
            Transport transport,
            Leases leases,
            GarbageCollector collector,
            int transfers) {
        public Parts {
            snapshotters = List.copyOf(snapshotters);
        }
    }

    /// Told what happens to images; must be quick.
    public interface Observer {
        /// @param action Docker's word: `pull`, `tag`, `untag`, `delete` …
        /// @param actor the image's digest, or the reference where Docker gives that
        /// @param name the reference it is about
        void happened(String namespace, String action, String actor, String name);
    }

    public ImageService(Parts parts) {
        this(parts, (namespace, action, actor, name) -> {});
    }

    public ImageService(Parts parts, Observer observer) {
        this.parts = parts;
        this.observer = observer;
        this.records = new ImageRecords(parts.database());
        this.blobs = new BlobRecords(parts.database());
        this.contents = new ImageContents(parts.content());
        this.unsynced = new UnsyncedSnapshots(parts.database());
    }

    /// Root file systems for containers with other user ids.
    public MappedRoots mappedRoots() {
        return new MappedRoots(this);
    }

    /// The images of a namespace. Cheap.
    public LocalImages images(String namespace) {
        return new LocalImages(this, namespace);
    }

    public ManifestLists manifestLists(String namespace) {
        return new LocalManifestLists(this, namespace);
    }

    /// Whoever is told that a `--rm` container has ended may remove its image, while the container's last files go.
    void awaitLeavingContainers(String namespace) {
        for (int i = 0; i < LEAVING_STEPS_MAX && records.areContainersLeaving(namespace); i++) {
            LockSupport.parkNanos(LEAVING_STEP_NANOS);
            if (Thread.currentThread().isInterrupted()) {
                throw new KelpException(ErrorKind.CANCELLED, "interrupted while containers were removed");
            }
        }
    }

    Observer observer() {
        return observer;
    }

    Parts parts() {
        return parts;
    }

    ContentStore content() {
        return parts.content();
    }

    ImageRecords records() {
        return records;
    }

    BlobRecords blobs() {
        return blobs;
    }

    ImageContents contents() {
        return contents;
    }

    Turns turns() {
        return turns;
    }

    UnsyncedSnapshots unsynced() {
        return unsynced;
    }

    /// Writes new snapshots to the disk while nobody waits for it.
    void settle() {
        if (settling.compareAndSet(false, true)) {
            Thread.ofPlatform().daemon().name("image-sync").start(() -> {
                settling.set(false);
                try {
                    unsynced.sync(parts.dataRoot());
                } catch (KelpException e) {
                    LOG.log(System.Logger.Level.DEBUG, "not synced, so unpacked again after a power cut", e);
                }
            });
        }
    }

    /// The snapshotter of that name, or the default.
    Snapshotter snapshotter(@Nullable String name) {
        if (name == null || name.isEmpty()) {
            return parts.snapshotters().getFirst();
        }
        return parts.snapshotters().stream()
                .filter(s -> s.name().equals(name)
                        || (name.equals("overlay") && s.name().equals("overlayfs")))
                .findFirst()
                .orElseThrow(() -> KelpException.invalid("snapshotter `" + name + "` is not in use here (there is: "
                        + parts.snapshotters().stream().map(Snapshotter::name).collect(Collectors.joining(", "))
                        + ")"));
    }
}
