// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.Index;
import dev.kelp.model.oci.MediaTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Finds the manifest of a platform below an index.
///
/// The best entry is the one of exactly that platform, else the highest variant it runs, else one without variant,
/// else one that names no platform; among equals the first. Attestations (`unknown/unknown`, or annotated as such) are
/// no images. Indexes inside indexes are walked, at most [#DEPTH_MAX] deep.
public final class ImageSelector {
    /// How deep indexes may be nested, the outermost being 1.
    public static final int DEPTH_MAX = 4;

    private static final String ATTESTATION = "vnd.docker.reference.type";

    private ImageSelector() {}

    /// An image's manifest and the indexes above it, outermost first.
    public record Selection(List<Document> indexes, Document manifest) {
        public Selection {
            indexes = List.copyOf(indexes);
        }
    }

    /// Walks from `top` to a manifest, fetching what is between. A `top` that is a manifest is taken as it is:
    /// whether
    /// its configuration fits the platform is the caller's to say.
    ///
    /// @param fetch gets an index or manifest by descriptor, from the registry or the content store
    /// @throws KelpException [ErrorKind#NOT_FOUND] when there is nothing for the platform, naming what there is
    public static Selection select(Document top, Platform wanted, Function<Descriptor, Document> fetch) {
        List<Document> indexes = new ArrayList<>();
        Document at = top;
        while (at.isIndex()) {
            if (indexes.size() >= DEPTH_MAX) {
                throw new KelpException(
                        ErrorKind.RESOURCE_EXHAUSTED,
                        "index " + top.descriptor().digest() + " nests indexes more than " + DEPTH_MAX + " deep");
            }
            indexes.add(at);
            Descriptor next = best(at.index(), wanted)
                    .orElseThrow(() -> none(top, indexes.getLast().index(), wanted));
            at = fetch.apply(next);
        }
        return new Selection(indexes, at);
    }

    /// The entry to take for a platform, empty when there is none.
    public static Optional<Descriptor> best(Index index, Platform wanted) {
        Descriptor best = null;
        int bestScore = 0;
        for (Descriptor d : images(index)) {
            int score = score(d, wanted);
            if (score > bestScore) {
                best = d;
                bestScore = score;
            }
        }
        return Optional.ofNullable(best);
    }

    /// The entries that are images or further indexes, attestations and foreign artifacts left out.
    public static List<Descriptor> images(Index index) {
        return index.manifests().stream().filter(ImageSelector::isImage).toList();
    }

    private static boolean isImage(Descriptor d) {
        if (!MediaTypes.isManifest(d.mediaType()) && !MediaTypes.isIndex(d.mediaType())) {
            return false;
        }
        Map<String, String> annotations = d.annotations();
        if (annotations != null && "attestation-manifest".equals(annotations.get(ATTESTATION))) {
            return false;
        }
        Platform p = d.platform();
        return p == null || !(p.os().equals("unknown") && p.architecture().equals("unknown"));
    }

    private static int score(Descriptor d, Platform wanted) {
        Platform p = d.platform();
        if (p == null) {
            return 1;
        }
        if (!wanted.runs(p)) {
            return 0;
        }
        if (Objects.equals(p.variant(), wanted.variant())) {
            return 1_000;
        }
        return 2 + number(p.variant());
    }

    /// `v7` is 7; no variant counts least.
    private static int number(@Nullable String variant) {
        return variant != null && variant.matches("v[0-9]{1,2}") ? 1 + Integer.parseInt(variant.substring(1)) : 0;
    }

    private static KelpException none(Document top, Index index, Platform wanted) {
        String has = images(index).stream()
                .map(Descriptor::platform)
                .filter(Objects::nonNull)
                .map(p -> RegistryErrors.printable(p.toString(), 60))
                .distinct()
                .limit(40)
                .collect(Collectors.joining(", "));
        return KelpException.notFound("no image for " + wanted + " in index "
                + top.descriptor().digest() + " (has: " + (has.isEmpty() ? "none" : has) + ")");
    }
}
