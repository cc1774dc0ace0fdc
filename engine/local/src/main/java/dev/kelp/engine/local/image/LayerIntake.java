// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.content.ContentStore;
import dev.kelp.content.Ingest;
import dev.kelp.engine.Progress.State;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.snapshot.CommitOptions;
import dev.kelp.snapshot.LayerTarget;
import dev.kelp.snapshot.Snapshotter;
import dev.kelp.snapshot.layer.UnpackedLayer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Takes the layers of images in: fetches those that are missing and stacks their content as snapshots. Made for one
/// pull or load; when anything fails, all of it is undone except blobs and the beginnings of blobs.
final class LayerIntake implements AutoCloseable {
    private static final int COPY_BUFFER_BYTES = 128 << 10;

    private final ImageService service;
    private final ContentStore content;
    private final Source source;
    private final Lease lease;
    private final ProgressReport report;
    private final ExecutorService threads;
    private final String id = UUID.randomUUID().toString().substring(0, 8);

    /// Where missing blobs come from.
    interface Source {
        /// The blob from `offset` on, not checked.
        InputStream open(Descriptor descriptor, long offset);
    }

    /// A source for what must be here.
    static final Source NONE = (descriptor, offset) -> {
        throw KelpException.notFound("layer " + descriptor.digest() + " is not here");
    };

    /// One layer to be unpacked.
    private record Layer(
            Descriptor descriptor,
            Digest diffId,
            String chainId,
            @Nullable String parent) {}

    /// A layer in an active snapshot.
    private record Extracted(String key, UnpackedLayer unpacked, LayerTarget target) {}

    LayerIntake(ImageService service, Source source, Lease lease, ProgressReport report) {
        this.service = service;
        this.content = service.content();
        this.source = source;
        this.lease = lease;
        this.report = report;
        this.threads = Executors.newFixedThreadPool(
                service.parts().transfers(),
                Thread.ofPlatform().daemon().name("layer-", 0).factory());
    }

    /// Fetches blobs without unpacking them.
    void fetch(List<Descriptor> blobs) {
        lease.retain(blobs.stream().map(b -> Nodes.blob(b.digest())).toList());
        List<Future<Void>> all = new ArrayList<>();
        for (Descriptor b : blobs) {
            all.add(submit(b, () -> {
                fetch(b);
                report.item(b, State.DONE);
                return null;
            }));
        }
        all.forEach(LayerIntake::await);
    }

    /// Fetches and unpacks the layers, lowest first, unless their snapshots exist.
    ///
    /// @param diffIds of the layers, as many
    /// @return the name of the topmost snapshot, empty when there are no layers
    Optional<String> unpack(List<Descriptor> layers, List<Digest> diffIds, Snapshotter snapshotter) {
        if (layers.size() != diffIds.size()) {
            throw new KelpException(
                    ErrorKind.DATA_LOSS,
                    "the image has " + layers.size() + " layers but its configuration lists " + diffIds.size());
        }
        List<String> chain = ChainId.of(diffIds);
        List<Layer> all = new ArrayList<>();
        List<String> nodes = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            Layer l = new Layer(layers.get(i), diffIds.get(i), chain.get(i), i == 0 ? null : chain.get(i - 1));
            all.add(l);
            nodes.add(Nodes.blob(l.descriptor().digest()));
            nodes.add(Nodes.snapshot(snapshotter.name(), l.chainId()));
            nodes.add(Nodes.snapshot(snapshotter.name(), key(l)));
        }
        lease.retain(nodes);
        if (snapshotter.canRebase()) {
            unpackTogether(all, snapshotter);
        } else {
            unpackInOrder(all, snapshotter);
        }
        return chain.isEmpty() ? Optional.empty() : Optional.of(chain.getLast());
    }

    private String key(Layer l) {
        return "extract-" + id + "-" + l.chainId();
    }

    private static boolean exists(Snapshotter snapshotter, String name) {
        try {
            snapshotter.stat(name);
            return true;
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return false;
            }
            throw e;
        }
    }

    /// Each layer by itself, several at a time; stacked from the bottom up as they are ready.
    private void unpackTogether(List<Layer> layers, Snapshotter snapshotter) {
        List<Future<Optional<Extracted>>> extracting = new ArrayList<>();
        for (Layer l : layers) {
            extracting.add(submit(l.descriptor(), () -> {
                if (exists(snapshotter, l.chainId())) {
                    fetch(l.descriptor());
                    return Optional.empty();
                }
                return Optional.of(extract(l, snapshotter));
            }));
        }
        try {
            for (int i = 0; i < layers.size(); i++) {
                Layer l = layers.get(i);
                Optional<Extracted> e = await(extracting.get(i));
                if (e.isPresent()) {
                    commit(l, e.get(), snapshotter);
                    report.item(l.descriptor(), State.DONE);
                } else {
                    report.item(l.descriptor(), State.EXISTS);
                }
            }
        } catch (RuntimeException | Error e) {
            stop();
            layers.forEach(l -> removeExtract(l, snapshotter, e));
            throw e;
        }
    }

    /// Downloads run ahead; the calling thread unpacks one after the other.
    private void unpackInOrder(List<Layer> layers, Snapshotter snapshotter) {
        List<Future<Void>> fetching = new ArrayList<>();
        for (Layer l : layers) {
            fetching.add(submit(l.descriptor(), () -> {
                fetch(l.descriptor());
                return null;
            }));
        }
        for (int i = 0; i < layers.size(); i++) {
            Layer l = layers.get(i);
            await(fetching.get(i));
            if (exists(snapshotter, l.chainId())) {
                report.item(l.descriptor(), State.EXISTS);
                continue;
            }
            try {
                commit(l, extract(l, snapshotter), snapshotter);
                report.item(l.descriptor(), State.DONE);
            } catch (RuntimeException | Error e) {
                stop();
                removeExtract(l, snapshotter, e);
                throw e;
            }
        }
    }

    private void fetch(Descriptor blob) {
        refetchWhenDamaged(blob, () -> {
            Optional<Ingest> begun = content.begin(blob);
            if (begun.isEmpty()) {
                return true;
            }
            try (Ingest ingest = begun.get();
                    InputStream in = new IntakeStream(ingest, offset -> source.open(blob, offset))) {
                byte[] buffer = new byte[COPY_BUFFER_BYTES];
                while (in.read(buffer) >= 0) {
                    // the stream keeps what passes
                }
                ingest.commit();
            }
            return true;
        });
    }

    private Extracted extract(Layer l, Snapshotter snapshotter) {
        return refetchWhenDamaged(l.descriptor(), () -> {
            String key = key(l);
            removeIfThere(key, snapshotter);
            snapshotter.prepare(key, snapshotter.canRebase() ? null : l.parent(), Map.of());
            LayerTarget target = snapshotter.layerTarget(key);
            UnpackedLayer unpacked = apply(l.descriptor(), target, snapshotter.canRebase());
            if (!unpacked.diffId().equals(l.diffId())) {
                throw new KelpException(
                        ErrorKind.DATA_LOSS,
                        "layer " + l.descriptor().digest() + " unpacks to " + unpacked.diffId() + ", but the image's"
                                + " configuration says " + l.diffId());
            }
            return new Extracted(key, unpacked, target);
        });
    }

    private UnpackedLayer apply(Descriptor blob, LayerTarget target, boolean alone) throws IOException {
        Optional<Ingest> begun = content.begin(blob);
        if (begun.isEmpty()) {
            report.item(blob, State.UNPACKING);
            return apply(content.openVerified(blob), blob, target, alone);
        }
        try (Ingest ingest = begun.get()) {
            InputStream in = new IntakeStream(ingest, offset -> source.open(blob, offset));
            UnpackedLayer unpacked = apply(in, blob, target, alone);
            report.item(blob, State.UNPACKING);
            ingest.commit();
            return unpacked;
        }
    }

    private UnpackedLayer apply(InputStream in, Descriptor blob, LayerTarget target, boolean alone) {
        try {
            return alone
                    ? service.parts().layers().applyAlone(in, blob.mediaType(), target)
                    : service.parts().layers().apply(in, blob.mediaType(), target);
        } catch (KelpException e) {
            String digest = blob.digest().toString();
            throw String.valueOf(e.getMessage()).contains(digest) ? e : e.within("layer " + digest);
        }
    }

    /// Runs `work` again when it failed over bytes that were on the disk before it began and are not what they
    /// should be: a damaged blob is deleted, a damaged beginning was deleted by the store.
    private <T> T refetchWhenDamaged(Descriptor blob, Callable<T> work) {
        boolean hadBytes = content.find(blob.digest()).isPresent()
                || content.partials().stream().anyMatch(p -> p.digest().equals(Optional.of(blob.digest())));
        try {
            return call(work);
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.DATA_LOSS || !hadBytes || (isHere(blob) && !deleteIfDamaged(blob))) {
                throw e;
            }
            report.item(blob, State.RETRYING, 0);
            return call(work);
        }
    }

    private static <T> T call(Callable<T> work) {
        try {
            return work.call();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "take in a layer: " + e, e);
        }
    }

    private boolean isHere(Descriptor blob) {
        return content.find(blob.digest()).isPresent();
    }

    private boolean deleteIfDamaged(Descriptor blob) {
        Descriptor onDisk = Descriptor.of(
                blob.mediaType(), blob.digest(), content.info(blob.digest()).sizeBytes());
        try (InputStream in = content.openVerified(onDisk)) {
            byte[] buffer = new byte[COPY_BUFFER_BYTES];
            while (in.read(buffer) >= 0) {
                // only compared
            }
            return false;
        } catch (KelpException e) {
            return e.kind() == ErrorKind.DATA_LOSS && content.delete(blob.digest());
        } catch (IOException e) {
            return false;
        }
    }

    private void commit(Layer l, Extracted e, Snapshotter snapshotter) {
        if (snapshotter.canRebase()) {
            inherit(l, e, snapshotter);
        }
        service.unsynced().mark(Nodes.snapshot(snapshotter.name(), l.chainId()));
        try {
            snapshotter.commit(
                    l.chainId(), e.key(), snapshotter.canRebase() ? alone(l, e.unpacked()) : CommitOptions.DEFAULT);
        } catch (KelpException failure) {
            if (failure.kind() != ErrorKind.ALREADY_EXISTS) {
                throw failure;
            }
            // another image brought the same layer meanwhile
            snapshotter.remove(e.key());
        }
    }

    /// What a layer that was unpacked by itself holds is known, unless its parents added to it.
    private static CommitOptions alone(Layer l, UnpackedLayer unpacked) {
        return CommitOptions.onto(l.parent())
                .withUsage(unpacked.pending().isEmpty() ? unpacked.report().usage() : null);
    }

    private void inherit(Layer l, Extracted e, Snapshotter snapshotter) {
        if (l.parent() == null) {
            if (!e.unpacked().pending().links().isEmpty()) {
                // says which of them leads nowhere
                service.parts().layers().inherit(e.unpacked(), e.target().directory(), List.of());
            }
            return;
        }
        if (e.unpacked().pending().isEmpty()) {
            return;
        }
        String probe = e.key() + "-below";
        lease.retain(List.of(Nodes.snapshot(snapshotter.name(), probe)));
        snapshotter.prepare(probe, l.parent(), Map.of());
        try {
            List<Path> parents = snapshotter.layerTarget(probe).parents();
            service.parts().layers().inherit(e.unpacked(), e.target().directory(), parents);
        } finally {
            snapshotter.remove(probe);
        }
    }

    private void removeExtract(Layer l, Snapshotter snapshotter, Throwable cause) {
        try {
            removeIfThere(key(l), snapshotter);
        } catch (RuntimeException e) {
            cause.addSuppressed(e);
        }
    }

    private static void removeIfThere(String key, Snapshotter snapshotter) {
        if (exists(snapshotter, key)) {
            snapshotter.remove(key);
        }
    }

    private <T extends @Nullable Object> Future<T> submit(Descriptor d, Callable<T> work) {
        report.item(d, State.WAITING);
        return threads.submit(work);
    }

    private static <T extends @Nullable Object> T await(Future<T> future) {
        try {
            return future.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KelpException(ErrorKind.CANCELLED, "the transfer was interrupted", e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case KelpException k -> throw k;
                case RuntimeException r -> throw r;
                case Error r -> throw r;
                case null, default ->
                    throw new KelpException(ErrorKind.INTERNAL, "take in a layer: " + e.getCause(), e);
            }
        }
    }

    /// Interrupts what runs and waits for its end, so that nobody writes to what is removed afterwards.
    private void stop() {
        threads.shutdownNow();
        boolean interrupted = Thread.interrupted();
        while (true) {
            try {
                if (threads.awaitTermination(1, TimeUnit.HOURS)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop();
    }
}
