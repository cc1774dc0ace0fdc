// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.local.metadata.ImageRecords.ImageRecord;
import dev.kelp.model.Digest;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.MediaTypes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Understands what users type for an image: a name first, then an id.
final class ImageLookup {
    private static final Pattern ID = Pattern.compile("(?:sha256:)?([0-9a-f]{1,64})");

    private final ImageService service;
    private final String namespace;

    ImageLookup(ImageService service, String namespace) {
        this.service = service;
        this.namespace = namespace;
    }

    /// What was found.
    ///
    /// @param records the name that was typed; all names of the image when an id was
    /// @param manifest the manifest whose id (or configuration's id) was typed; null for a name or the whole image
    record Found(
            List<ImageRecord> records,
            boolean byName,
            @Nullable Digest manifest) {
        ImageRecord first() {
            return records.getFirst();
        }

        Descriptor target() {
            return first().target();
        }
    }

    Found get(String nameOrId) {
        return find(nameOrId).orElseThrow(() -> KelpException.notFound("no such image: `" + nameOrId + "`"));
    }

    Optional<Found> find(String nameOrId) {
        if (nameOrId.isEmpty()) {
            throw KelpException.invalid("the image's name is empty");
        }
        Matcher id = ID.matcher(nameOrId);
        boolean looksLikeId = id.matches();
        if (!nameOrId.startsWith("sha256:")) {
            Optional<Found> named = byName(nameOrId, looksLikeId);
            if (named.isPresent()) {
                return named;
            }
        }
        return looksLikeId ? byId(nameOrId, id.group(1)) : Optional.empty();
    }

    private Optional<Found> byName(String name, boolean mayBeId) {
        Reference reference;
        try {
            reference = Reference.parse(name);
        } catch (KelpException e) {
            if (mayBeId) {
                return Optional.empty();
            }
            throw e;
        }
        Optional<ImageRecord> exact = service.records().find(namespace, reference.toString());
        if (exact.isPresent()) {
            return Optional.of(new Found(List.of(exact.get()), true, null));
        }
        return reference.digest().flatMap(d -> byRepositoryDigest(reference, d));
    }

    /// `name[:tag]@digest` also means an image of that repository that was pulled by tag.
    private Optional<Found> byRepositoryDigest(Reference reference, Digest digest) {
        for (ImageRecord r : service.records().list(namespace)) {
            boolean sameRepository =
                    !r.isDangling() && Reference.parse(r.name()).repository().equals(reference.repository());
            if (sameRepository && r.target().digest().equals(digest)) {
                return Optional.of(new Found(List.of(r), true, null));
            }
            if (sameRepository
                    && service.contents().manifests(r.target()).stream()
                            .anyMatch(m -> m.digest().equals(digest))) {
                return Optional.of(new Found(List.of(r), true, digest));
            }
        }
        return Optional.empty();
    }

    private Optional<Found> byId(String typed, String prefix) {
        Map<Digest, List<ImageRecord>> byTarget = service.records().list(namespace).stream()
                .collect(Collectors.groupingBy(r -> r.target().digest(), LinkedHashMap::new, Collectors.toList()));
        List<Found> found = new ArrayList<>();
        for (List<ImageRecord> records : byTarget.values()) {
            match(records, prefix).ifPresent(found::add);
        }
        if (found.size() > 1) {
            String all = found.stream()
                    .map(f -> f.target().digest().shortHex() + " (" + shown(f.first()) + ")")
                    .limit(10)
                    .collect(Collectors.joining(", "));
            throw KelpException.invalid("image id `" + typed + "` is ambiguous: " + all)
                    .withHint("type more digits of it, or a name");
        }
        return found.stream().findFirst();
    }

    private Optional<Found> match(List<ImageRecord> records, String prefix) {
        Descriptor target = records.getFirst().target();
        if (target.digest().hex().startsWith(prefix)) {
            return Optional.of(new Found(records, false, null));
        }
        for (Descriptor m : service.contents().manifests(target)) {
            if (m.digest().hex().startsWith(prefix) || isConfig(m, prefix)) {
                return Optional.of(
                        new Found(records, false, MediaTypes.isIndex(target.mediaType()) ? m.digest() : null));
            }
        }
        return Optional.empty();
    }

    private boolean isConfig(Descriptor manifest, String prefix) {
        if (service.content().find(manifest.digest()).isEmpty()) {
            return false;
        }
        return service.contents()
                .document(manifest)
                .manifest()
                .config()
                .digest()
                .hex()
                .startsWith(prefix);
    }

    static String shown(ImageRecord r) {
        return r.isDangling()
                ? r.target().digest().toString()
                : Reference.parse(r.name()).familiar();
    }
}
