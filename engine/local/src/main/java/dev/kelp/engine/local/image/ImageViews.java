// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.PlatformImage;
import dev.kelp.engine.local.image.ImageContents.Outline;
import dev.kelp.engine.local.metadata.ImageRecords.ImageRecord;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.snapshot.Snapshot;
import dev.kelp.snapshot.Snapshotter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Images as lists show them. One answers one question: what it has looked up it takes as it was, so that a thousand
/// names, or images on the same base, cost little more than one. Not for several threads.
final class ImageViews {
    private final ImageService service;
    private final Map<Digest, List<PlatformImage>> platforms = new HashMap<>();
    private final Map<String, Optional<Long>> unpacked = new HashMap<>();

    ImageViews(ImageService service) {
        this.service = service;
    }

    Image image(ImageRecord r) {
        Optional<Reference> reference = r.isDangling() ? Optional.empty() : Optional.of(Reference.parse(r.name()));
        List<PlatformImage> here = platforms.computeIfAbsent(
                r.target().digest(),
                _ -> service.contents().outlines(r.target()).stream()
                        .map(this::platform)
                        .toList());
        return new Image(reference, r.target(), r.updated(), here);
    }

    PlatformImage platform(Outline o) {
        return new PlatformImage(
                o.platform(), o.manifest(), o.config(), o.created(), o.blobBytes(), unpackedBytes(o), o.labels());
    }

    /// The layers' sizes in whichever snapshotter has them all.
    private long unpackedBytes(Outline o) {
        return service.parts().snapshotters().stream()
                .flatMap(s -> o.top().flatMap(top -> unpackedBytes(s, top)).stream())
                .findFirst()
                .orElse(0L);
    }

    /// The sizes of a snapshot and those below it; empty when one is missing.
    private Optional<Long> unpackedBytes(Snapshotter snapshotter, String top) {
        Deque<Snapshot.Committed> unknown = new ArrayDeque<>();
        Optional<String> at = Optional.of(top);
        Optional<Long> sum = Optional.of(0L);
        while (at.isPresent()) {
            Optional<Long> known = unpacked.get(key(snapshotter, at.get()));
            Optional<Snapshot.Committed> c = known == null ? committed(snapshotter, at.get()) : Optional.empty();
            if (c.isEmpty()) {
                sum = known == null ? Optional.empty() : known;
                break;
            }
            unknown.push(c.get());
            at = c.get().parent();
        }
        for (Snapshot.Committed c : unknown) {
            sum = sum.map(below -> below + c.usage().sizeBytes());
            unpacked.put(key(snapshotter, c.name()), sum);
        }
        return sum;
    }

    private static String key(Snapshotter snapshotter, String name) {
        return snapshotter.name() + ' ' + name;
    }

    static Optional<Snapshot.Committed> committed(Snapshotter snapshotter, String name) {
        try {
            return snapshotter.stat(name) instanceof Snapshot.Committed c ? Optional.of(c) : Optional.empty();
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
