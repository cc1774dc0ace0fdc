// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.metadata.ManifestListRecords.Row;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.MediaTypes;
import dev.kelp.registry.Document;
import dev.kelp.registry.ImageSelector;
import dev.kelp.registry.Registry;
import dev.kelp.registry.TransferListener;
import dev.kelp.registry.http.Cancellation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/// Looks manifests up for manifest lists: in the registry that an image's name says, and among the images here when it
/// is not there.
final class ManifestSource {
    private final ImageService service;
    private final String namespace;
    private final Registry registry;

    /// What a name stands for.
    ///
    /// @param here whether it is the image here, not a registry's
    record Top(Reference reference, Document document, boolean here) {}

    /// An image for one platform.
    record Found(Row row, Document document) {}

    ManifestSource(ImageService service, String namespace, RegistryOptions options, UserEnvironment user) {
        this.service = service;
        this.namespace = namespace;
        this.registry = new Registry(
                service.parts().transport(),
                new RegistryAccess(user).access(options, new Cancellation(), TransferListener.NONE));
    }

    List<Found> images(String name) {
        return images(top(Reference.parse(name)));
    }

    Top top(Reference reference) {
        try {
            return new Top(reference, registry.resolver().resolve(reference).document(), false);
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.CANCELLED || e.kind() == ErrorKind.DATA_LOSS) {
                throw e;
            }
            return new ImageLookup(service, namespace)
                    .find(reference.toString())
                    .map(f -> new Top(reference, service.contents().document(f.target()), true))
                    .orElseThrow(() -> e);
        }
    }

    /// The images of an index, those of indexes in it among them; attestations are left out.
    List<Found> images(Top top) {
        List<Found> found = new ArrayList<>();
        collect(top, top.document(), Optional.empty(), 1, new HashSet<>(), found);
        if (found.isEmpty()) {
            throw KelpException.notFound("`" + top.reference().familiar() + "` has no image in it");
        }
        return found;
    }

    private void collect(
            Top top, Document document, Optional<Platform> said, int depth, Set<Digest> visited, List<Found> found) {
        if (!document.isIndex()) {
            found.add(found(top, document, said));
            return;
        }
        if (depth > ImageSelector.DEPTH_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "`" + top.reference().familiar() + "` nests indexes more than " + ImageSelector.DEPTH_MAX
                            + " deep");
        }
        Function<Descriptor, Document> fetch = top.here()
                ? d -> service.contents().document(d)
                : d -> registry.fetcher(top.reference()).document(d);
        for (Descriptor d : ImageSelector.images(document.index())) {
            // platforms may share a manifest, but nothing is gained by going through an index again
            if (!MediaTypes.isIndex(d.mediaType()) || visited.add(d.digest())) {
                collect(top, fetch.apply(d), Optional.ofNullable(d.platform()), depth + 1, visited, found);
            }
        }
    }

    private Found found(Top top, Document document, Optional<Platform> said) {
        Descriptor d = document.descriptor();
        Descriptor config = document.manifest().config();
        String osVersion = null;
        Optional<Platform> platform = said;
        if (MediaTypes.isConfig(config.mediaType())) {
            byte[] bytes = top.here()
                    ? service.contents().configBytes(document.manifest())
                    : registry.fetcher(top.reference()).bytes(config);
            ImageConfig parsed = ImageContents.config(config, bytes);
            osVersion = parsed.osVersion();
            platform = platform.or(() -> Optional.of(parsed.platform()));
        }
        Row row = new Row(
                top.reference().toString(), platform.map(d::withPlatform).orElse(d), osVersion, List.of());
        return new Found(row, document);
    }
}
