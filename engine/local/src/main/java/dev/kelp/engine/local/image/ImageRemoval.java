// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.Removal;
import dev.kelp.engine.local.image.ImageLookup.Found;
import dev.kelp.engine.local.metadata.ImageRecords.ImageRecord;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// `rmi` by Docker's rules. A name is taken away; with the last name goes the content, unless a container uses it: then
/// the last name stays, too, or goes by force and the content stays with the container. An id stands for all names, and
/// several repositories need force.
final class ImageRemoval {
    private final ImageService service;
    private final String namespace;

    ImageRemoval(ImageService service, String namespace) {
        this.service = service;
        this.namespace = namespace;
    }

    /// Names that were taken away, and what their image had here before.
    record Untagged(List<ImageRecord> going, List<Digest> manifests) {}

    /// Takes the names away; [#collect] does the rest, once for many.
    Untagged untag(Found found, String typed, boolean force) {
        Descriptor target = found.target();
        List<ImageRecord> going =
                found.byName() ? found.records() : service.records().byTarget(namespace, target.digest());
        if (!found.byName() && !force) {
            checkOneRepository(going, typed);
        }
        List<Descriptor> manifests = service.contents().manifests(target);
        if (!force && going.size() == service.records().namesOf(namespace, target.digest())) {
            checkUnused(manifests, typed);
        }
        Set<Digest> before = here(manifests);
        service.records()
                .delete(namespace, going.stream().map(ImageRecord::name).toList());
        return new Untagged(
                going,
                manifests.stream()
                        .map(Descriptor::digest)
                        .filter(before::contains)
                        .toList());
    }

    /// Removes what no name leads to any more.
    ///
    /// @return what became of each, in order; what went with several names is said of the last
    List<Removal> collect(List<Untagged> all) {
        service.records().sync();
        service.parts().collector().collect();
        Set<Digest> told = new HashSet<>();
        List<Removal> removals = new ArrayList<>();
        for (Untagged one : all.reversed()) {
            List<Digest> deleted = one.manifests().stream()
                    .filter(d -> service.content().find(d).isEmpty() && told.add(d))
                    .toList();
            List<String> names = one.going().stream()
                    .filter(r -> !r.isDangling())
                    .map(ImageLookup::shown)
                    .toList();
            removals.add(new Removal(names, deleted));
        }
        return removals.reversed();
    }

    private Set<Digest> here(List<Descriptor> manifests) {
        Set<Digest> found = new HashSet<>();
        for (Descriptor m : manifests) {
            service.content().find(m.digest()).ifPresent(b -> found.add(b.digest()));
        }
        return found;
    }

    private static void checkOneRepository(List<ImageRecord> all, String typed) {
        List<String> repositories = all.stream()
                .filter(r -> !r.isDangling())
                .map(r -> Reference.parse(r.name()).familiarRepository())
                .distinct()
                .toList();
        if (repositories.size() > 1) {
            throw new KelpException(
                            ErrorKind.CONFLICT,
                            "remove image `" + typed + "`: it has names in several repositories: "
                                    + String.join(", ", repositories))
                    .withHint("remove single names, or all of them with --force");
        }
    }

    private void checkUnused(List<Descriptor> manifests, String typed) {
        for (Descriptor m : manifests) {
            List<String> users = service.records().containersOf(namespace, m.digest());
            if (!users.isEmpty()) {
                throw new KelpException(
                                ErrorKind.CONFLICT,
                                "remove image `" + typed + "`: container "
                                        + users.getFirst().substring(0, 12) + " uses it"
                                        + (users.size() > 1 ? ", and " + (users.size() - 1) + " more" : ""))
                        .withHint("remove the container first, or take the name away with --force");
            }
        }
    }
}
