// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.model.Digest;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Lists of images for several platforms, put together here and pushed later: what `manifest` works on. A list is no
/// image; it has a name of its own among the lists of the namespace.
public interface ManifestLists {
    /// Makes a list of images, which are looked up in their registries, or here when no registry has them. Of an
    /// image
    /// that is an index itself all platforms are taken. One whose digest is in the list already takes its place.
    void create(Reference list, NewList what, UserEnvironment user);

    /// Changes what a list says of the platform of an image in it.
    ///
    /// @param image as it was given to [#create], or its digest
    void annotate(Reference list, String image, Annotation annotation);

    /// The names of all lists.
    List<Reference> names();

    Optional<ManifestList> find(Reference list);

    /// What is at a registry, or here when it is not there.
    ///
    /// @param entries whether an index' manifests are wanted, too
    ManifestList remote(Reference image, boolean entries, RegistryOptions options, UserEnvironment user);

    /// Sends a list and all it names to the registry that its name says.
    ///
    /// @return the list's digest there
    Digest push(Reference list, RegistryOptions options, UserEnvironment user, Progress progress);

    /// Forgets a list; false when there is none.
    boolean remove(Reference list);

    /// A list or, when it is at a registry, an image.
    ///
    /// @param document its bytes
    /// @param index whether it is a list
    /// @param entries what is in it; of a single image, that one
    record ManifestList(byte[] document, boolean index, List<Entry> entries) {}

    /// An image of a list.
    ///
    /// @param source the image as it was named
    /// @param descriptor with the platform
    /// @param manifest its bytes
    record Entry(
            Reference source,
            Descriptor descriptor,
            @Nullable String osVersion,
            List<String> osFeatures,
            byte[] manifest) {}

    /// What to make.
    ///
    /// @param amend add to a list there is
    record NewList(List<String> images, boolean amend, RegistryOptions registry) {}

    /// What to change; null and an empty list leave things as they are.
    record Annotation(
            @Nullable String os,
            @Nullable String architecture,
            @Nullable String variant,
            @Nullable String osVersion,
            List<String> osFeatures) {}
}
